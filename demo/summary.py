"""What is printed at the end."""

from __future__ import annotations

import re
from collections.abc import Mapping

from demo.calls import Calls
from demo.figures import Figures
from demo.history import History
from demo.logs import Logs
from demo.verdict import Verdict

_DONE = re.compile(r"Task jobs\.\w+\[(?P<id>[-0-9a-f]+)\] succeeded")

NEXT = "Next: the README says how to deploy this to Heroku, for apps of your own."


def count_jobs_done(logs: Logs) -> int:
    """Return how many jobs the app's dynos say they have done."""
    done: set[str] = set()
    for log in logs.scaled_dynos():
        done.update(_DONE.findall(log.read_text(errors="replace")))
    return len(done)


def summary(history: History, verdict: Verdict, calls: Calls, jobs_done: int) -> str:
    """Return the text of the summary.

    Args:
        history: What was seen.
        verdict: Over all of it.
        calls: Heroku API calls of the scaler.
        jobs_done: By all dynos.
    """
    called = f"{calls.reads} reading, {calls.changes} changing"
    return "\n".join(
        [
            "",
            f"After {history.now.at:.0f} seconds; waves of load: {history.waves}",
            "",
            *_table(history.figures()),
            "",
            f"Jobs: {history.enqueued.total()} enqueued, {jobs_done} done",
            f"Heroku API calls of the scaler: {called}",
            "",
            *_words(verdict),
            "",
            NEXT,
        ]
    )


def _table(rows: Mapping[str, Figures]) -> list[str]:
    form = "{:<12}{:>9}{:>9}{:>9}{:>9}{:>13}"
    return [
        form.format("", "highest", "highest", "scaled", "scaled", "longest lag"),
        form.format("", "count", "dynos", "up", "down", "in seconds"),
        *(
            form.format(
                name,
                str(row.highest_count),
                row.highest_quantity,
                row.ups,
                row.downs,
                f"{row.longest_lag:.1f}",
            )
            for name, row in rows.items()
        ),
    ]


def _words(verdict: Verdict) -> list[str]:
    if verdict.followed:
        return ["The dynos followed the counts."]
    if verdict.wrong:
        head = "The dynos did not follow the counts:"
    else:
        head = "Not enough was seen to say that the dynos followed the counts:"
    return [head, *(f"  {text}" for text in (*verdict.wrong, *verdict.missing))]
