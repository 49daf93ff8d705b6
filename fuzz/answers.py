"""An app's answer: never an unexpected exception, never an invalid count.

The first two bytes choose the form and the media type, the rest is the answer. The
readings also go through the decision, which must cope with any number.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from math import isfinite

from fuzz.invariants import require, require_one_line
from scalar.core import logfmt
from scalar.core.app import RegisteredApp
from scalar.core.app_state import WHOLE_APP
from scalar.core.counts_address import CountsAddress
from scalar.core.decision.decide import decide_all
from scalar.core.decision.observation import AppFacts
from scalar.core.errors import CountsMalformed
from scalar.core.formation import ProcessType
from scalar.core.platform_rules import HEROKU
from scalar.core.policy.resolve import PolicyBook
from scalar.core.reading import Form, Reading, Unknown
from scalar.formats import parse_answer
from scalar.formats.rich import MEDIA_TYPE

FORMS = (Form.AUTO, Form.SCALAR, Form.HIREFIRE)
MEDIA_TYPES = (MEDIA_TYPE, "application/json", "", f"{MEDIA_TYPE}; charset=utf-8")
CHOICES = 2
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
DYNOS = 3
POLICIES = (
    {"boundary": "10", "max": "50", "tolerance": "0.1"},
    {"drain_time": "5m", "jobs_per_second": "0.1", "boot_time": "1m"},
    {"latency_up": "30", "latency_down": "5", "fallback": "5"},
)
BOOK = PolicyBook({}, scale_web_to_zero=True)
APPS = tuple(
    RegisteredApp(
        1,
        "shop",
        CountsAddress.parse("https://shop.example/"),
        1,
        NOON,
        {WHOLE_APP: policy},
    )
    for policy in POLICIES
)


def check(data: bytes) -> None:
    """Parse an answer and decide on it."""
    if len(data) < CHOICES:
        return
    form = FORMS[data[0] % len(FORMS)]
    media_type = MEDIA_TYPES[data[1] % len(MEDIA_TYPES)]
    try:
        readings = parse_answer(data[CHOICES:], media_type, form)
    except CountsMalformed as exc:
        require_one_line(exc)
        return
    for name, reading in readings.items():
        require(name and name.isprintable(), f"the name {name!r}")
        _check_reading(reading)
    _check_decisions(readings)


def _check_reading(reading: Reading) -> None:
    if isinstance(reading.busy, frozenset):
        for dyno in reading.busy:
            if isinstance(dyno, int):
                _check_number(dyno)
            else:
                require(dyno.isprintable(), f"the dyno {dyno!r}")
    for value in (reading.count, reading.latency, reading.next_eta):
        if isinstance(value, Unknown):
            _check_number(value.at_least)
            line = logfmt.line("held", detail=value.detail)
            require(line.splitlines() == [line], f"not one line: {line!r}")
        elif value is not None:
            _check_number(value)
    _check_number(reading.stranded)
    if not isinstance(reading.count, Unknown):
        require(reading.stranded <= reading.count, f"too many stranded: {reading}")


def _check_number(value: object) -> None:
    is_number = type(value) in {int, float}
    require(is_number, f"{value!r} is not a number")
    require(isfinite(value) if isinstance(value, float) else True, f"{value!r}")
    require(isinstance(value, int | float) and value >= 0, f"{value!r} is below 0")


def _check_decisions(readings: dict[str, Reading]) -> None:
    formation = {name: ProcessType(DYNOS, "Standard-1X") for name in readings}
    facts = AppFacts(NOON, formation, {}, {}, frozenset(readings))
    for app in APPS:
        for decision in decide_all(partial(BOOK.of, app), readings, facts):
            desired = decision.desired
            require(desired is not None, f"not in the formation: {decision}")
            require(
                0 <= (desired or 0) <= HEROKU.most_dynos, f"{desired} dynos: {decision}"
            )
            known = readings[decision.process_type].count
            is_down = (desired or 0) < DYNOS
            require(
                not (is_down and isinstance(known, Unknown)),
                f"down on an unknown count: {decision}",
            )
