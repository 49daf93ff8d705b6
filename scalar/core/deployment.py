"""What to type, where beat and worker share a dyno and where they run apart."""

from __future__ import annotations

#: The line of the Procfile that runs beat and worker in one dyno.
ALL_IN_ONE = "all-in-one"


def process_type_of(dyno: str) -> str:
    """Return the process type of a dyno such as `worker.1`; empty off a dyno."""
    return dyno.rpartition(".")[0]


def start_everything(runs_as: str) -> str:
    """Return what starts beat and workers.

    Args:
        runs_as: The process type of the worker that took the last tick; empty if
            there was none, or not on a dyno.
    """
    if runs_as == ALL_IN_ONE:
        return "heroku ps:scale all-in-one=1"
    if runs_as:
        return f"heroku ps:scale beat=1 {runs_as}=1"
    return "heroku ps:scale all-in-one=1, or beat=1 worker=1 where they run apart"


def start_workers(runs_as: str) -> str:
    """Return what starts workers."""
    if runs_as:
        return f"heroku ps:scale {runs_as}=1"
    return "heroku ps:scale all-in-one=1, or worker=1 where beat runs apart"


def more_workers(runs_as: str) -> str:
    """Return what makes room for more polls at a time."""
    if runs_as == ALL_IN_ONE:
        return "heroku ps:scale all-in-one=0 beat=1 worker=2"
    return f"heroku ps:scale {runs_as or 'worker'}+1"
