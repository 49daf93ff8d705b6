"""What the policies of the fleet allow, written without the scaler's own code.

The apps take turns among ten policies. These are simple enough to decide for each
change whether a count explains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: The process type that must never be scaled to 0.
WEB = "web"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of policy.

    Attributes:
        name: For reports.
        process_types: What an app with this policy has and reports.
        boundary: Jobs per dyno; 0 for one dyno for any count.
        fewest: Fewest dynos if the count is known.
        most: Most dynos.
        step_up: Most dynos added at once.
        step_down: Most dynos removed at once.
        window_down: Stabilization window for scaling down, in seconds.
        lease: Seconds for which a person's own change is left alone.
        off: Whether what a person has set to 0 stays so until somebody raises it.
        tells_busy: Whether the app answers in the richer form, with busy dynos.
        fallback: Fewest dynos once the count has been unknown for
            `fallback_after` polls.
        fallback_after: Consecutive unknown counts.
    """

    name: str
    process_types: tuple[str, ...] = ("worker", "mailer")
    boundary: int = 10
    fewest: int = 0
    most: int | None = None
    step_up: int | None = None
    step_down: int | None = None
    window_down: int = 0
    lease: int = 0
    off: bool = False
    tells_busy: bool = False
    fallback: int | None = None
    fallback_after: int = 3

    def recommended(self, count: int) -> int:
        """Return the dynos for a count, before windows and steps."""
        dynos = int(count > 0) if self.boundary == 0 else -(-count // self.boundary)
        return self.within(dynos)

    def within(self, dynos: int) -> int:
        """Return the nearest quantity between the fewest and the most."""
        dynos = max(dynos, self.fewest)
        return dynos if self.most is None else min(dynos, self.most)

    def values(self) -> Mapping[str, str | int]:
        """Return the policy as a fleet file has it."""
        named = {
            "boundary": self.boundary,
            "min": self.fewest or None,
            "max": self.most,
            "max_step_up": self.step_up,
            "max_step_down": self.step_down,
            "stabilization_down": f"{self.window_down}s" if self.window_down else None,
            "manual_lease": f"{self.lease}s" if self.lease else None,
            "manual_off": self.off or None,
            "fallback": self.fallback,
            "fallback_after": self.fallback_after if self.fallback else None,
        }
        return {name: value for name, value in named.items() if value is not None}


RULES = (
    Rule("boundary"),
    Rule("any count", boundary=0),
    Rule("range", boundary=7, fewest=1, most=4),
    Rule("steps", step_up=2, step_down=1),
    Rule("window", window_down=10),
    Rule("fallback", fallback=4),
    Rule("web", process_types=(WEB, "worker"), boundary=20),
)


#: What a person does is protected; busy dynos are.
LEASE, OFF = Rule("lease", lease=16), Rule("off", off=True)
BUSY = Rule("busy", tells_busy=True)
#: The apps of chaos; the simulation has its own for the others.
FLEET = (*RULES, LEASE, OFF, BUSY)


def rule_of(app: int) -> Rule:
    """Return the policy of an app."""
    return FLEET[app % len(FLEET)]


def apps_of(rule: Rule, apps: int) -> list[int]:
    """Return the apps that have a policy."""
    return [app for app in range(apps) if rule_of(app) is rule]


def floor_of(process_type: str, current: int) -> int:
    """Return the dynos that stay whatever the count: the last `web` dyno."""
    return min(current, 1) if process_type == WEB else 0


def settled(rule: Rule, process_type: str, count: int, current: int) -> int:
    """Return the final dynos if a count does not change any more."""
    return max(rule.recommended(count), floor_of(process_type, current))
