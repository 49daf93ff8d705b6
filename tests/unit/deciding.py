"""Decisions in a few words: facts that a test does not name have plain values."""

from __future__ import annotations

from datetime import UTC, datetime

from scalar.adapters.inmemory.clock import WalkedClock
from scalar.core.app import RegisteredApp
from scalar.core.app_state import WHOLE_APP
from scalar.core.counts_address import CountsAddress
from scalar.core.decision.decide import decide, decide_all
from scalar.core.decision.observation import AppFacts, Observation
from scalar.core.platform_rules import HEROKU
from scalar.core.policy.resolve import PolicyBook
from scalar.core.reading import Reading

NOON = WalkedClock().now()


def default_policy(name, boundary=10, *, scale_web_to_zero=False):
    """Return the policy of a process type without values of its own."""
    book = PolicyBook({"boundary": str(boundary)}, scale_web_to_zero=scale_web_to_zero)
    return book.of(registered(), name)


def registered(policies=None, name="shop", revision=1):
    """Return a registered app with policy values as text by process type."""
    address = CountsAddress.parse(f"https://{name}.example/counts")
    created = datetime(2026, 1, 1, tzinfo=UTC)
    return RegisteredApp(1, name, address, revision, created, policies or {})


def for_app(**values):
    """Return the policies of an app with values for all its process types."""
    return {WHOLE_APP: {name: str(value) for name, value in values.items()}}


def decided(policy, count, quantity, limit=None, name="worker", **facts):
    """Return the decision on a known count."""
    facts.setdefault("at", NOON)
    facts.setdefault("keeps_one", name in HEROKU.keep_one)
    return decide(name, policy, Observation(count, quantity, limit=limit, **facts))


def decided_all(policy_of, readings, formation, limits=None, expected=frozenset()):
    """Return the decisions for an app about which nothing is remembered."""
    facts = AppFacts(NOON, formation, limits or {}, {}, expected)
    return decide_all(policy_of, as_readings(readings), facts)


def as_readings(said):
    """Return readings, where a bare number stands for a count alone."""
    return {
        name: what if isinstance(what, Reading) else Reading(what)
        for name, what in said.items()
    }
