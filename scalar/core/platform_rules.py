"""What a platform does by nature, whatever the app and its policy.

Everything here is a fact about a platform that a decision depends on. A platform may
have several generations of dynos that differ; the size of a row of the formation
tells which one it belongs to (`of_size`), without a call. What an
account or a dyno size allows is not: it is learned from refusals
(`decision/dyno_limits.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Removal(StrEnum):
    """Which dynos a platform stops when it is asked for fewer."""

    #: Those with the highest numbers, busy or not.
    HIGHEST_NUMBER = "highest_number"
    #: Those that we name, so idle ones can go first.
    CHOSEN = "chosen"
    #: The platform does not say.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PlatformRules:
    """What a platform does by nature.

    Attributes:
        name: What people call the platform.
        removal: Which dynos go when there are to be fewer.
        never_scaled: Process types that the platform runs by itself.
        keep_one: Process types that keep their last dyno, unless a setting lets
            them sleep: without it the app would not answer.
        most_dynos: More dynos than this are never requested, so that an absurd
            count does not become an absurd request.
        size_caps: Most dynos of one process type by dyno size, in lower case.
        tells_releases: Whether the platform reports when an app was last released.
        tells_maintenance: Whether the platform reports that a person has put an app
            into maintenance mode.
        generations: The rules of dynos whose size starts so, in lower case, where
            they differ from these.
    """

    name: str
    removal: Removal
    never_scaled: frozenset[str]
    keep_one: frozenset[str]
    most_dynos: int
    size_caps: Mapping[str, int] = field(default_factory=dict)
    tells_releases: bool = False
    tells_maintenance: bool = False
    generations: Mapping[str, PlatformRules] = field(default_factory=dict)

    def of_size(self, size: str) -> PlatformRules:
        """Return the rules of the generation of dynos that a size belongs to."""
        for prefix, rules in self.generations.items():
            if size.lower().startswith(prefix):
                return rules
        return self

    def limit(self, size: str, learned: int | None) -> int | None:
        """Return the most dynos of a size, given what a refusal said of it."""
        limits = (learned, self.size_caps.get(size.lower()))
        return min((most for most in limits if most is not None), default=None)


#: Heroku runs `release` itself, once at each release, and allows an app 100 dynos
#: (Dev Center, "Dyno Scaling and Process Limits"): `most_dynos` is ten times that.
#:
#: It allows one Eco or Basic dyno for each process type, which `size_caps` leaves
#: out on purpose: a refusal teaches that limit, and what was learned is forgotten at
#: the next read of the formation. A constant would stay wrong if Heroku changed it.
CEDAR = PlatformRules(
    name="Heroku",
    removal=Removal.HIGHEST_NUMBER,
    never_scaled=frozenset({"release"}),
    keep_one=frozenset({"web"}),
    most_dynos=1_000,
    tells_releases=True,
    tells_maintenance=True,
)

#: Heroku's other generation: its dynos are Kubernetes pods, named after a replica set
#: and a pod (`worker-23z34x56y-w78k9`), and Heroku does not say which ones go.
FIR = replace(CEDAR, name="Heroku Fir", removal=Removal.UNKNOWN)

#: All sizes of Fir start so, such as `dyno-1c-0.5gb`, and none of Cedar does.
HEROKU = replace(CEDAR, generations={"dyno-": FIR})
