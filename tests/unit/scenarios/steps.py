"""What happens in a scenario, in a few words."""

from __future__ import annotations

from scalar.core.errors import CountsUnavailable
from scalar.core.formation import ProcessType
from scalar.core.reading import Unknown
from scalar.core.reason import Reason

NULL = Unknown(Reason.COUNT_NULL)
AWAY = CountsUnavailable("the app answered HTTP 503")


def set_policy(world, process_type="", **values):
    texts = {name: str(value) for name, value in values.items()}
    world.registry.set_policy("shop", process_type, texts)


def walk(world, counts, process_type="worker"):
    """Report one count after the other, and return the dynos after each poll."""
    dynos = []
    for count in counts:
        failed = isinstance(count, Exception)
        world.report(count if failed else {process_type: count})
        world.poll()
        dynos.append(world.dynos()[process_type])
    return dynos


def by_hand(world, quantity, process_type="worker"):
    """Scale as a person does, with the Heroku CLI."""
    world.platform.formations["shop"][process_type] = ProcessType(quantity)


def events(world, kind):
    return [e for e in world.journal.events if e.kind is kind]
