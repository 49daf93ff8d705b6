"""`python -m demo`, which is what `make demo` runs."""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from demo.calls import count_calls
from demo.duration import BadDuration, read_duration
from demo.ending import Ending, Interrupted
from demo.guard import nothing_left_behind
from demo.history import History
from demo.logs import Logs
from demo.parts import PartFailed
from demo.plain import PlainLines
from demo.run import run
from demo.stage import set_up
from demo.summary import count_jobs_done, summary
from demo.verdict import Verdict
from demo.view import LiveView

#: What a write says when the terminal was closed, or the reader of a pipe.
NOBODY_READS = (errno.EIO, errno.EPIPE)

INTRODUCTION = """\
heroku-proc-scalar, demo

Heroku is simulated on this machine: no account is needed, nothing costs money.
Redis, Celery, HTTP, the app's dynos and their jobs are real.
Ctrl-C ends everything. Until then the logs are in {folder}
"""


def main() -> int:
    """Run the demo.

    Returns:
        The exit status: 0 if the dynos followed the counts, 1 if they did not
        or a part failed, 2 for a bad DEMO_SECONDS, else 128 and the number of
        the signal that cut it short.
    """
    try:
        seconds = read_duration(os.environ)
    except BadDuration as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    ending = Ending()
    ending.listen()
    try:
        with nothing_left_behind() as folder:
            return play(folder, seconds, ending)
    except (Interrupted, PartFailed) as exc:
        # Ctrl-C reaches the local Heroku as well: then it has not failed.
        if ending.signal is not None:
            return 128 + ending.signal
        sys.stderr.write(f"\nThe demo failed: {exc}\n")
        return 1
    except OSError as exc:
        if exc.errno not in NOBODY_READS:
            raise
        # What is still in the buffer must not fail once more at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + (ending.signal or signal.SIGPIPE)


def play(folder: Path, seconds: int | None, ending: Ending) -> int:
    """Start everything, run, end everything; tell how it went."""
    logs = Logs(folder)
    tell(INTRODUCTION.format(folder=folder))
    history = History(seconds, logs)
    with set_up(logs, ending, tell) as stage, display() as shown:
        run(stage, shown, ending, history)
        calls_before = stage.calls_before
    verdict = history.verdict()
    calls = count_calls(logs.heroku, after=calls_before)
    tell(summary(history, verdict, calls, count_jobs_done(logs)))
    return exit_status(verdict, ending.signal, seconds)


def tell(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def display() -> LiveView | PlainLines:
    """Return the live view if standard output is a terminal that can show it."""
    console = Console()
    able = not console.is_dumb_terminal and not console.options.ascii_only
    return LiveView(console) if sys.stdout.isatty() and able else PlainLines()


def exit_status(
    verdict: Verdict, number: signal.Signals | None, seconds: int | None
) -> int:
    """Return the exit status of a demo that was seen to some end.

    Without DEMO_SECONDS Ctrl-C is the end that is meant, unless it comes too
    early to tell. Whatever else cuts the demo short shows in the status.
    """
    if verdict.wrong:
        return 1
    if number is None:
        return 1 if verdict.missing else 0
    if number is signal.SIGINT and seconds is None and verdict.followed:
        return 0
    return 128 + number


if __name__ == "__main__":
    sys.exit(main())
