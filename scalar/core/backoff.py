"""How long an app that does not answer is left alone."""

from __future__ import annotations

#: Polls in a row without an answer that change nothing: apps restart.
PATIENCE = 3
#: An app is polled at least every so many periods.
MOST_PERIODS = 8


def rest_after(unanswered: int, period: float, most: float, jitter: float) -> float:
    """Return the seconds for which an app is not polled, after its last failure.

    The time doubles with each failure after the first few, up to a bound: an app
    that comes back may have customers waiting.

    Args:
        unanswered: Polls in a row without an answer.
        period: Seconds between two polls of an app that answers.
        most: The bound, in seconds; 0 for no rest at all. Beside it `MOST_PERIODS`
            holds.
        jitter: From 0 to 1. Apps that failed together are not polled together
            for ever: up to a fifth of the time is taken off.
    """
    if unanswered < PATIENCE:
        return 0.0
    periods = 2 ** min(unanswered - PATIENCE + 1, 10)
    rest = min(periods * period, most, MOST_PERIODS * period)
    return rest * (1 - 0.2 * jitter) if rest > period else 0.0
