"""Run a story: one app in memory, evaluated poll by poll."""

from __future__ import annotations

from plots.story import Course, Line, Story, Texts
from scalar.adapters.inmemory.chance import SeededChance
from scalar.adapters.inmemory.clock import WalkedClock
from scalar.adapters.inmemory.coordination import MemoryCoordinator
from scalar.adapters.inmemory.counts import MemoryCounts
from scalar.adapters.inmemory.platform import MemoryPlatforms
from scalar.adapters.inmemory.sql import MemoryJournal, MemoryRegistry
from scalar.bootstrap import options_of
from scalar.core.app_state import WHOLE_APP
from scalar.core.counts_address import CountsAddress
from scalar.core.formation import ProcessType
from scalar.core.policy.resolve import PolicyBook
from scalar.core.reading import Reading, Unknown
from scalar.service.evaluate.poll_and_scale import poll_and_scale
from scalar.service.parts import Parts
from scalar.service.policies import change_policy
from scalar.settings import Settings


class Stage:
    """One registered app with one process type, all in memory."""

    def __init__(self, story: Story) -> None:
        self.clock = WalkedClock(story.start)
        self.platform = MemoryPlatforms()
        self.counts = MemoryCounts()
        self.registry = MemoryRegistry()
        address = CountsAddress.parse("https://shop.example/counts")
        self._address = address.url.address
        self.registry.add("shop", address, story.start)
        self.set_dynos(story.dynos)
        chance = SeededChance()
        coordinator = MemoryCoordinator(self.clock, chance)
        self.parts = Parts(
            clock=self.clock,
            chance=chance,
            apps=self.registry,
            registry=self.registry,
            secrets=self.registry,
            outbox=coordinator.outbox,
            journal=MemoryJournal(),
            counts=self.counts,
            platforms=self.platform,
            ticks=coordinator,
            states=coordinator,
            health=coordinator,
            policies=PolicyBook({}, scale_web_to_zero=False),
            options=options_of(Settings.from_environ({})),
        )

    def set_dynos(self, quantity: int) -> None:
        """Set the dynos by hand, as a person does."""
        self.platform.formations["shop"] = {"worker": ProcessType(quantity)}

    @property
    def dynos(self) -> int:
        """The dynos that Heroku runs."""
        return self.platform.formations["shop"]["worker"].quantity

    def set_policy(self, values: Texts) -> None:
        """Set the policy to exactly these values."""
        before = self.registry.get("shop").policies.get(WHOLE_APP, {})
        gone = before.keys() - values.keys()
        change_policy(self.parts, "shop", WHOLE_APP, put=values, remove=gone)

    def poll(self, reading: Reading) -> int:
        """Evaluate the app; return the desired dynos."""
        self.counts.answers[self._address] = {"worker": reading}
        done = poll_and_scale(self.parts, self.registry.app_key("shop"), "plot")
        if done is None or not done.decisions:
            return self.dynos
        desired = done.decisions[0].desired
        return self.dynos if desired is None else desired


def play(story: Story, line: Line) -> Course:
    """Return the course of a story under one policy."""
    stage, feed = Stage(story), story.feed()
    stage.set_policy(line.policy)
    course = Course([], [])
    for number in range(story.polls):
        if number in line.later:
            stage.set_policy(line.later[number])
        if number in story.by_hand:
            stage.set_dynos(story.by_hand[number])
        if number == story.released:
            stage.platform.releases["shop"] = stage.clock.now()
        reading = feed(number, stage.dynos)
        desired = stage.poll(reading)
        course.counts.append(None if isinstance(reading, Unknown) else reading)
        course.dynos.append(desired if line.wish else stage.dynos)
        stage.clock.walk(story.every.total_seconds())
    return course
