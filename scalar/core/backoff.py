"""Exponential backoff with jitter, for apps that do not answer."""

from __future__ import annotations

#: Unanswered polls in a row before backing off: apps restart.
PATIENCE = 3
#: An app is polled at least once in this many periods.
MOST_PERIODS = 8


def rest_after(unanswered: int, period: float, most: float, jitter: float) -> float:
    """Return the seconds until an app is polled again after a failure.

    They double with each failure after the first few, up to a low bound: an app
    that recovers may have customers waiting.

    Args:
        unanswered: Polls in a row without an answer.
        period: Seconds between two polls of an app that answers.
        most: Upper bound in seconds, besides that of `MOST_PERIODS`; 0 for no
            backoff.
        jitter: From 0 to 1; shortens the time by up to a fifth, so that apps that
            failed together are not polled together for ever.
    """
    if unanswered < PATIENCE:
        return 0.0
    periods = 2 ** min(unanswered - PATIENCE + 1, 10)
    rest = min(periods * period, most, MOST_PERIODS * period)
    return rest * (1 - 0.2 * jitter) if rest > period else 0.0
