"""Check all invariants against a history."""

from __future__ import annotations

from chaos.check_bounds import check_bounds, check_outages
from chaos.check_calls import check_calls
from chaos.check_changes import check_changes
from chaos.check_journal import check_journal, check_registry
from chaos.check_people import (
    check_busy,
    check_others,
    check_people,
    check_sicknesses,
)
from chaos.check_polls import check_frequency, check_resumption, check_storms
from chaos.check_rest import (
    check_deaths,
    check_script,
    check_settled,
)
from chaos.check_secrets import check_secrets
from chaos.history import History
from chaos.violation import Violation


def check(history: History, concurrency: int) -> list[Violation]:
    """Return every violated invariant.

    Args:
        history: The run's history.
        concurrency: How many apps the worker polls at the same time.
    """
    return [
        *check_script(history),
        *check_changes(history),
        *check_frequency(history),
        *check_resumption(history),
        *check_registry(history),
        *check_journal(history),
        *check_calls(history, concurrency),
        *check_bounds(history),
        *check_outages(history),
        *check_storms(history),
        *check_people(history),
        *check_others(history),
        *check_busy(history),
        *check_sicknesses(history),
        *check_secrets(history),
        *check_settled(history),
        *check_deaths(history),
    ]
