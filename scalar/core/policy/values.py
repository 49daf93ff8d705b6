"""The values of a policy as people write them: names, rules and parsing.

The environment, the command line, fleet files and the database all hold the same
texts. `VALUES` lists all of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from scalar.core.boolean import read_boolean
from scalar.core.errors import InvalidInput
from scalar.core.platform_rules import HEROKU
from scalar.core.policy.schedule_text import read_schedule

#: A larger boundary makes no sense.
MOST_BOUNDARY = 10**12
#: The longest window, cooldown, grace or lease; the HPA allows an hour.
LONGEST = timedelta(days=7)
#: Resets a value to its default, whatever is set in the places that it overrides.
AS_IF_UNSET = "none"
UNTIL_RESUMED = datetime.max.replace(tzinfo=UTC)

Reader = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """One value of a policy.

    Attributes:
        name: Its name; with dashes, the option of `set-policy`.
        field: The attribute of `Policy`.
        variable: The environment variable for all apps; empty if there is none.
        read: Parses a text; raises `InvalidInput` with the rule.
        meaning: What it does, for tables and help texts.
    """

    name: str
    field: str
    variable: str
    read: Reader
    meaning: str

    @property
    def option(self) -> str:
        """The option of `set-policy`."""
        return "--" + self.name.replace("_", "-")


def _integer(least: int, most: int) -> Reader:
    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise InvalidInput("must be an integer")
        if not least <= int(text) <= most:
            raise InvalidInput(f"must be from {least} to {most}")
        return int(text)

    return read


def _number(above: float, below: float, rule: str) -> Reader:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not above <= value < below:
            raise InvalidInput(f"must be {rule}")
        return value

    return read


def read_duration(text: str) -> timedelta:
    """Parse a time span: `90`, `90s`, `5m`, `2h`, `1d`; at most `LONGEST`.

    Raises:
        InvalidInput: It is not a time span, or too long.
    """
    found = re.fullmatch(r"([0-9]{1,9})\s*([smhd]?)", text.strip().lower())
    if not found:
        raise InvalidInput("must be seconds, or a time such as 90s, 5m, 2h, 1d")
    unit = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}[found[2]]
    span = timedelta(seconds=int(found[1]) * unit)
    if span > LONGEST:
        raise InvalidInput(f"must be at most {LONGEST.days}d")
    return span


def _positive_duration(text: str) -> timedelta:
    span = read_duration(text)
    if not span:
        raise InvalidInput("must be above 0")
    return span


def _moment(text: str) -> datetime:
    if text == "resumed":
        return UNTIL_RESUMED
    rule = "must be a time with its offset, or `resumed`"
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise InvalidInput(rule) from exc
    if moment.tzinfo is None:
        raise InvalidInput(rule)
    return in_utc


_DYNOS = _integer(0, HEROKU.most_dynos)
_STEP = _integer(1, HEROKU.most_dynos)

VALUES: tuple[PolicyValue, ...] = (
    PolicyValue(
        "boundary",
        "boundary",
        "COUNT_BOUNDARY",
        _integer(0, MOST_BOUNDARY),
        "counts that one dyno carries; 0: one dyno for any count above 0",
    ),
    PolicyValue(
        "drain_time",
        "drain_time",
        "DRAIN_TIME",
        _positive_duration,
        "instead of a boundary: the time in which the present count should be "
        "worked off",
    ),
    PolicyValue(
        "jobs_per_second",
        "jobs_per_second",
        "JOBS_PER_SECOND",
        _number(1e-9, 1e9, "from 1e-9 to below 1e9"),
        "jobs that one dyno does in a second, for `drain_time`; unset: learned from "
        "how the count falls",
    ),
    PolicyValue(
        "latency_up",
        "latency_up",
        "LATENCY_UP",
        _positive_duration,
        "instead of a boundary: dynos are added while the oldest job has waited for "
        "longer",
    ),
    PolicyValue(
        "latency_down",
        "latency_down",
        "LATENCY_DOWN",
        read_duration,
        "a dyno is removed while the oldest job has waited for less; unset: dynos "
        "are removed only while the count is 0",
    ),
    PolicyValue(
        "latency_step",
        "latency_step",
        "LATENCY_STEP",
        _STEP,
        "dynos added at once because of latency (1)",
    ),
    PolicyValue(
        "boot_time",
        "boot_time",
        "BOOT_TIME",
        read_duration,
        "a job with an ETA that is due within this time gets a dyno now",
    ),
    PolicyValue(
        "wake",
        "wake_dynos",
        "WAKE_DYNOS",
        _DYNOS,
        "fewest dynos while the count is above 0",
    ),
    PolicyValue("min", "min_dynos", "MIN_DYNOS", _DYNOS, "fewest dynos"),
    PolicyValue("max", "max_dynos", "MAX_DYNOS", _DYNOS, "most dynos"),
    PolicyValue(
        "schedule",
        "schedule",
        "SCHEDULE",
        read_schedule,
        "windows of the week that set `min` and `max`",
    ),
    PolicyValue(
        "tolerance",
        "tolerance",
        "TOLERANCE",
        _number(0, 1, "from 0 to below 1"),
        "a count this near to what the dynos carry changes nothing (0.1: 10 %)",
    ),
    PolicyValue(
        "tolerance_up",
        "tolerance_up",
        "TOLERANCE_UP",
        _number(0, 1, "from 0 to below 1"),
        "the same for a count above it; unset: as `tolerance`",
    ),
    PolicyValue(
        "tolerance_down",
        "tolerance_down",
        "TOLERANCE_DOWN",
        _number(0, 1, "from 0 to below 1"),
        "the same for a count below it; unset: as `tolerance`",
    ),
    PolicyValue(
        "down_when_empty",
        "down_when_empty",
        "DOWN_WHEN_EMPTY",
        read_boolean,
        "remove dynos only while the count is 0",
    ),
    PolicyValue(
        "stabilization_up",
        "stabilization_up",
        "STABILIZATION_UP",
        read_duration,
        "the lowest recommendation of this time counts for scaling up",
    ),
    PolicyValue(
        "stabilization_down",
        "stabilization_down",
        "STABILIZATION_DOWN",
        read_duration,
        "the highest recommendation of this time counts for scaling down",
    ),
    PolicyValue(
        "max_step_up", "max_step_up", "MAX_STEP_UP", _STEP, "most dynos added at once"
    ),
    PolicyValue(
        "max_step_down",
        "max_step_down",
        "MAX_STEP_DOWN",
        _STEP,
        "most dynos removed at once",
    ),
    PolicyValue(
        "cooldown_up",
        "cooldown_up",
        "COOLDOWN_UP",
        read_duration,
        "time after a scale up without another one",
    ),
    PolicyValue(
        "cooldown_down",
        "cooldown_down",
        "COOLDOWN_DOWN",
        read_duration,
        "time after any change without a scale down",
    ),
    PolicyValue(
        "release_grace",
        "release_grace",
        "RELEASE_GRACE",
        read_duration,
        "time after a release of the app without a scale down",
    ),
    PolicyValue(
        "settle_time",
        "settle_time",
        "SETTLE_TIME",
        read_duration,
        "time for which a count that was unknown must be known again before dynos "
        "are removed (15s)",
    ),
    PolicyValue(
        "manual_lease",
        "manual_lease",
        "MANUAL_LEASE",
        read_duration,
        "time for which a person's own change is left alone",
    ),
    PolicyValue(
        "lease_after_release",
        "lease_after_release",
        "LEASE_AFTER_RELEASE",
        read_duration,
        "time after a release in which a change is the deploy's, and begins no "
        "`manual_lease` (2m)",
    ),
    PolicyValue(
        "manual_off",
        "manual_off",
        "MANUAL_OFF",
        read_boolean,
        "what a person has set to 0 stays at 0 until somebody raises it",
    ),
    PolicyValue(
        "busy_limit",
        "busy_limit",
        "BUSY_LIMIT",
        read_duration,
        "longest time for which busy dynos hold others back from being removed; "
        "unset: as long as they are busy",
    ),
    PolicyValue(
        "fallback",
        "fallback_dynos",
        "FALLBACK_DYNOS",
        _DYNOS,
        "fewest dynos while the count is unknown; unset: they stay as they are",
    ),
    PolicyValue(
        "fallback_after",
        "fallback_after",
        "FALLBACK_AFTER",
        _integer(1, 10**6),
        "unknown counts in a row from which `fallback` holds (3)",
    ),
    PolicyValue(
        "dry_run",
        "dry_run",
        "DRY_RUN",
        read_boolean,
        "decide, log and record, but change nothing",
    ),
    PolicyValue("pause_up", "pause_up", "", _moment, "no scale up before that time"),
    PolicyValue(
        "pause_down", "pause_down", "", _moment, "no scale down before that time"
    ),
    PolicyValue(
        "lease_ended",
        "lease_ended",
        "",
        _moment,
        "no `manual_lease` for changes noticed until that time",
    ),
)
BY_NAME: Mapping[str, PolicyValue] = {value.name: value for value in VALUES}
#: Set by `pause-app` and `resume-app`; not part of a fleet file.
PAUSES = frozenset({"pause_up", "pause_down", "lease_ended"})


def read_value(name: str, text: str) -> Any:
    """Parse a value; `none` gives None, which stands for the default.

    Raises:
        InvalidInput: The name is unknown, or the text breaks a rule. The message
            names the value, the text and the rule.
    """
    if name not in BY_NAME:
        known = ", ".join(value.name for value in VALUES if value.name not in PAUSES)
        raise InvalidInput(f"unknown policy value {name!r}; choose from {known}")
    if text.strip() == AS_IF_UNSET:
        return None
    try:
        return BY_NAME[name].read(text.strip())
    except InvalidInput as exc:
        raise InvalidInput(f"{name} = {text!r}, {exc}") from exc


def check_together(values: Mapping[str, Any]) -> None:
    """Raise `InvalidInput` if values that are valid on their own contradict."""
    _check_strategy(values)
    fewest, most = values.get("min", 0), values.get("max")
    schedule = values.get("schedule")
    if most is not None:
        for name in ("min", "wake", "fallback"):
            if (values.get(name) or 0) > most:
                raise InvalidInput(
                    f"max = {most}, must be at least {name} ({values[name]})"
                )
    for window in schedule.windows if schedule else ():
        low = fewest if window.min_dynos is None else window.min_dynos
        high = most if window.max_dynos is None else window.max_dynos
        if high is not None and low > high:
            raise InvalidInput(
                f"schedule: in the window {window.text!r} max would be {high}, must be "
                f"at least min ({low})"
            )


def _check_strategy(values: Mapping[str, Any]) -> None:
    up, down = values.get("latency_up"), values.get("latency_down")
    if up is not None and values.get("drain_time") is not None:
        raise InvalidInput(
            "latency_up and drain_time do not go together: unset one (`none`)"
        )
    if down is not None and up is None:
        raise InvalidInput("latency_down needs a latency_up")
    if up is not None and down is not None and down > up:
        raise InvalidInput(
            f"latency_down = {down.total_seconds():g}s, must be at most latency_up "
            f"({up.total_seconds():g}s)"
        )
