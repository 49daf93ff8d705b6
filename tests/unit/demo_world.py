"""Looks at the demo's app, made up."""

from __future__ import annotations

from pathlib import Path

from demo.decisions import Decided
from demo.history import History
from demo.logs import Logs
from demo.watch import Look
from local_heroku.control import DynoView


def dyno(name, state="up", dyno_id=""):
    return DynoView(
        id=dyno_id or f"id of {name}",
        name=name,
        type=name.partition(".")[0],
        state=state,
        size="Standard-1X",
        command=f"run {name}",
        release=1,
        created_at="",
        updated_at="",
    )


def look(at, worker=0, mailer=0, dynos=(), quantities=None):
    """A look; `dynos` are names, or pairs of a name and a state."""
    made = [dyno(one) if isinstance(one, str) else dyno(*one) for one in dynos]
    counted = {"web": 1, "worker": 0, "mailer": 0}
    for one in made:
        counted[one.type] += one.type != "web" and one.state != "stopping"
    return Look(
        at,
        tuple(made),
        quantities or counted,
        {"worker": worker, "mailer": mailer},
    )


def history(*looks, seconds=60, decisions=0):
    """What was seen so far, with so many decisions for each process type."""
    made = History(seconds, Logs(Path("/tmp/scalar-demo-12345678")), list(looks))
    for number in range(decisions):
        for name in ("worker", "mailer"):
            text = f"{number} -> {number + 1}  count {5 * number + 1}"
            made.decisions.append(Decided(f"12:00:{number:02}", name, text))
    return made
