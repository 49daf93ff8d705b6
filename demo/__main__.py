"""`python -m demo`, which is what `make demo` runs."""

from __future__ import annotations

import re
import signal
import sys
from math import inf, isinf
from time import monotonic, sleep

import click

from demo.history import Decision, Look, figures, problems, read_decision
from demo.shop import SCALED, WAVE_SECONDS, Load
from demo.stage import Stage, set_up
from demo.view import display
from devtools.ending import Ending, Interrupted
from devtools.guard import nothing_left_behind
from devtools.logs import Logs
from devtools.parts import PartFailed
from devtools.redis_server import NoRedisError

#: Seconds between two samples; a quarter of the polling period, so that no count
#: that the scaler may have read is missed.
EVERY = 0.25
#: Seconds past the end that the last jobs and dynos may take.
OVERTIME = 20

INTRODUCTION = """\
heroku-proc-scalar, demo

Heroku is simulated on this machine: no account is needed, nothing costs money.
Redis, Celery, HTTP, the app's dynos and their jobs are real.
Ctrl-C ends everything. Until then the logs are in {folder}
"""
HEAD = """\
[bold] heroku-proc-scalar, demo[/]   {at:.0f}{end} s   wave {wave} of load   \
(one column a second)
[bold yellow] Heroku is simulated here: no account is needed. Ctrl-C ends everything.[/]
 Logs: {folder}"""
SUMMARY = """
After {at:.0f} seconds; waves of load: {waves}

              highest  highest   scaled   scaled  longest lag
                count    dynos       up     down   in seconds
{table}

Jobs: {jobs} enqueued, {done} done
Heroku API calls of the scaler: {reads} reading, {changes} changing

{outcome}

Next: the README says how to deploy this to Heroku, for apps of your own."""
ROW = "{:<12}{:>9}{:>9}{:>9}{:>9}{:>13.1f}"


@click.command()
@click.option(
    "--seconds",
    type=click.IntRange(WAVE_SECONDS + 2, 86_400),
    envvar="DEMO_SECONDS",
    show_envvar=True,
    help="Stop after this time instead of at Ctrl-C.",
)
def main(seconds: int | None) -> None:
    """Show how dynos follow the queues of an app, on a simulated Heroku.

    The exit status is 0 if they did, 1 if they did not or a part failed, and
    128 plus its number if a signal cut the demo short.
    """
    ending = Ending()
    ending.listen()
    try:
        with nothing_left_behind() as folder:
            followed = play(Logs(folder), seconds or inf, ending)
    except (PartFailed, NoRedisError) as exc:
        raise click.ClickException(f"The demo failed: {exc}") from exc
    except Interrupted:
        sys.exit(128 + (ending.signal or 0))
    # Without a time limit, Ctrl-C is the intended end.
    if ending.signal and (seconds or ending.signal != signal.SIGINT):
        sys.exit(128 + ending.signal)
    sys.exit(0 if followed else 1)


def play(logs: Logs, seconds: float, ending: Ending) -> bool:
    """Run the demo and print its summary; return whether the dynos followed."""
    click.echo(INTRODUCTION.format(folder=logs.folder))
    looks: list[Look] = []
    with set_up(logs, ending) as stage:
        load = Load(stage.celery, seconds)
        run(stage, load, looks, seconds, ending)
        calls, reads = stage.heroku.cost(), stage.heroku.cost(method="GET")
    done = count_jobs_done(logs)
    wrong = [text for name in SCALED for text in problems(looks, name)]
    if done < load.jobs and not ending.signal:
        wrong.append(f"{load.jobs - done} jobs were not done")
    outcome = ["The dynos followed the counts."]
    if wrong:
        outcome = ["The dynos were not seen to follow the counts:", *wrong]
    text = SUMMARY.format(
        at=looks[-1].at,
        waves=load.waves,
        table="\n".join(ROW.format(name, *figures(looks, name)) for name in SCALED),
        jobs=load.jobs,
        done=done,
        reads=reads,
        changes=calls - reads,
        outcome="\n  ".join(outcome),
    )
    click.echo(text)
    return not wrong


def run(
    stage: Stage, load: Load, looks: list[Look], seconds: float, ending: Ending
) -> None:
    """Send jobs, sample and display, until time is up or a signal arrives."""
    decisions: list[Decision] = []
    end = "" if isinf(seconds) else f" of {seconds}"
    folder, path = stage.logs.folder, stage.logs.scaler("worker")
    begin, at, idle = monotonic(), 0.0, False
    with display() as show, path.open(errors="replace") as log:
        while at < seconds + (0 if idle else OVERTIME):
            at = monotonic() - begin
            load.send(at, idle=idle)
            looks.append(stage.look(at))
            idle = looks[-1].idle
            decisions += filter(None, map(read_decision, log.readlines()))
            head = HEAD.format(at=at, end=end, wave=load.waves, folder=folder)
            show(looks, decisions, head)
            if ending.signal:
                break
            sleep(max(0, begin + at + EVERY - monotonic()))


def count_jobs_done(logs: Logs) -> int:
    """Return how many different jobs the app's dynos have logged as done."""
    done = re.compile(r"Task jobs\.\w+\[([-0-9a-f]+)\] succeeded")
    texts = (log.read_text(errors="replace") for log in logs.folder.glob("shop-*.log"))
    return len({job for text in texts for job in done.findall(text)})


if __name__ == "__main__":
    main()
