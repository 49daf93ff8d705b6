"""Resolve the policy of a process type from all places where values can be set.

Value by value, the process type wins over its app, and the app over the
environment; so it does between two values that contradict each other (`nearer.py`).
Each value knows where it was set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scalar.core.actor import Mark
from scalar.core.app import RegisteredApp
from scalar.core.app_state import WHOLE_APP
from scalar.core.errors import InvalidInput
from scalar.core.policy.nearer import Nearer
from scalar.core.policy.policy import Policy
from scalar.core.policy.values import BY_NAME, VALUES, check_together, read_value
from scalar.core.reason import Cause, Reason

#: Size of the cache; enough for the process types of a large fleet.
MOST_REMEMBERED = 50_000

#: Where a value can be set; the last one wins.
DEFAULT, ENVIRONMENT, APP, PROCESS_TYPE = (
    "default",
    "environment",
    "app",
    "process type",
)
#: How near each place is to a process type.
RANKS: Mapping[str, int] = {ENVIRONMENT: 1, APP: 2, PROCESS_TYPE: 3}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that applies to a process type.

    Attributes:
        name: Its name.
        text: What was set.
        origin: Where it was set.
        mark: Who set it, and when; None if that was not kept.
    """

    name: str
    text: str
    origin: str
    mark: Mark | None = field(default=None, compare=False)


class PolicyBook:
    """The `Policies` of apps whose values are stored as text."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        scale_web_to_zero: bool,
    ) -> None:
        self._environment = dict(environment)
        self._scale_web_to_zero = scale_web_to_zero
        self._remembered: dict[tuple[int, int, str], Policy | Cause] = {}

    def of(self, app: RegisteredApp, process_type: str) -> Policy | Cause:
        """Return the policy, or why it is invalid; cached per revision of the app."""
        key = (app.id, app.revision, process_type)
        policy = self._remembered.get(key)
        if policy is None:
            policy = self._resolve(app, process_type, RANKS)
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = policy
        return policy

    def settings(self, app: RegisteredApp, process_type: str) -> list[Setting]:
        """Return the values that apply to a process type, in the order of `VALUES`."""
        found: dict[str, Setting] = {}
        for origin, values in self._layers(app, process_type):
            place = process_type if origin == PROCESS_TYPE else WHOLE_APP
            marks = {} if origin == ENVIRONMENT else app.set_by.get(place, {})
            for name, text in values.items():
                found[name] = Setting(name, text, origin, marks.get(name))
        order = [value.name for value in VALUES]
        known = [found.pop(name) for name in order if name in found]
        return known + list(found.values())

    def read(self, app: RegisteredApp, process_type: str) -> Policy | Cause:
        """Like `of`, for an app that is not saved yet; bypasses the cache.

        What contradicts each other in the app and its process types is refused: the
        person who sets it can put both right.
        """
        return self._resolve(app, process_type, {**RANKS, PROCESS_TYPE: RANKS[APP]})

    def _resolve(
        self, app: RegisteredApp, process_type: str, ranks: Mapping[str, int]
    ) -> Policy | Cause:
        settings = self.settings(app, process_type)
        origins = {s.name: s.origin for s in settings}
        try:
            read = {s.name: read_value(s.name, s.text) for s in settings}
            values = {name: value for name, value in read.items() if value is not None}
            nearer = Nearer(
                values, {name: ranks[o] for name, o in origins.items()}, origins
            )
            nearer.settle()
            check_together(values)
        except InvalidInput as exc:
            where = f" for {process_type}" if process_type else ""
            return Cause(Reason.POLICY_INVALID, f"policy of {app.name}{where}: {exc}")
        fields: dict[str, Any] = {BY_NAME[n].field: v for n, v in values.items()}
        notes = tuple(nearer.notes)
        return Policy(**fields, may_sleep=self._scale_web_to_zero, notes=notes)

    def _layers(
        self, app: RegisteredApp, process_type: str
    ) -> Iterable[tuple[str, Mapping[str, str]]]:
        yield ENVIRONMENT, self._environment
        yield APP, app.policies.get(WHOLE_APP, {})
        if process_type != WHOLE_APP:
            yield PROCESS_TYPE, app.policies.get(process_type, {})
