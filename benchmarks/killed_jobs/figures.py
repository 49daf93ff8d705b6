"""Derive figures from the facts of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.killed_jobs.facts import Fact

#: A dyno of the workers; on Fir it has no number.
WORKER = re.compile(r"worker(?:\.([0-9]+)|-[0-9a-z]+-[0-9a-z]{5})")


@dataclass(slots=True)
class Life:
    """A dyno of the workers, from its start to its end.

    Attributes:
        number: None on Fir.
        sigterm_at: When it got SIGTERM; None if it did not.
        gone_at: When its process was seen to have ended.
    """

    id: str
    name: str
    number: int | None
    started_at: float
    sigterm_at: float | None = None
    gone_at: float | None = None


@dataclass(slots=True)
class Attempt:
    """One run of a job.

    Attributes:
        over_at: When it was done; None if it never was.
    """

    job: int
    life: Life
    began_at: float
    over_at: float | None = None

    @property
    def caught(self) -> bool:
        """Whether it was running when its dyno got SIGTERM."""
        sigterm = self.life.sigterm_at
        return sigterm is not None and (self.over_at is None or self.over_at > sigterm)

    @property
    def killed(self) -> bool:
        """Whether its dyno was removed before it was done."""
        return self.life.sigterm_at is not None and self.over_at is None


@dataclass(frozen=True, slots=True)
class Story:
    """The facts, grouped by dyno and job.

    Attributes:
        sent: Job -> when it was sent.
        until: The time of the last fact.
    """

    sent: dict[int, float] = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    until: float = 0.0


def tell_story(facts: Sequence[Fact]) -> Story:
    """Group the facts, which are in order of time, by dyno and job."""
    story = Story(until=facts[-1].at if facts else 0.0)
    lives: dict[str, Life] = {}
    for fact in facts:
        found = WORKER.fullmatch(fact.dyno)
        if fact.kind == "sent":
            story.sent[fact.job] = fact.at
        elif fact.kind == "started" and found:
            number = int(found[1]) if found[1] else None
            lives[fact.life] = Life(fact.life, fact.dyno, number, fact.at)
            story.lives.append(lives[fact.life])
        elif fact.life in lives:
            _note(story, lives[fact.life], fact)
    return story


def _note(story: Story, life: Life, fact: Fact) -> None:
    if fact.kind == "sigterm":
        life.sigterm_at = fact.at
    elif fact.kind == "gone":
        life.gone_at = fact.at
    elif fact.kind == "began":
        story.attempts.append(Attempt(fact.job, life, fact.at))
    elif fact.kind == "ended":
        running = [
            attempt
            for attempt in story.attempts
            if (attempt.job, attempt.life.id) == (fact.job, life.id)
        ]
        running[-1].over_at = fact.at


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one run.

    Attributes:
        jobs: How many were sent.
        killed: How often a job's dyno was removed before it was done.
        lost: Jobs that were never done.
        again: Jobs that were done after they had been killed.
        caught: How often a job was running when its dyno got SIGTERM, including
            those that were done in time.
        worked: Seconds that all finished jobs took.
        dyno_seconds: Of all worker dynos, from start to end.
        makespan: Seconds from the first job sent to the last one done.
        longest_wait: Most seconds from when a job was sent until it was done.
        tail: Median seconds for which a removed idle dyno, without a busy one above
            it (on Fir without any busy one), had been kept; None if there was no such
            dyno.
    """

    jobs: int
    killed: int
    lost: int
    again: int
    caught: int
    worked: float
    dyno_seconds: float
    makespan: float
    longest_wait: float
    tail: float | None


def figures(story: Story) -> Figures:
    """Return the figures of a run."""
    done = {
        attempt.job: attempt.over_at
        for attempt in story.attempts
        if attempt.over_at is not None
    }
    killed = [attempt for attempt in story.attempts if attempt.killed]
    tails = list(_tails(story))
    return Figures(
        jobs=len(story.sent),
        killed=len(killed),
        lost=len(story.sent.keys() - done.keys()),
        again=len({attempt.job for attempt in killed} & done.keys()),
        caught=sum(attempt.caught for attempt in story.attempts),
        worked=sum(
            attempt.over_at - attempt.began_at
            for attempt in story.attempts
            if attempt.over_at is not None
        ),
        dyno_seconds=sum(
            (life.gone_at or story.until) - life.started_at for life in story.lives
        ),
        makespan=max(done.values(), default=0.0)
        - min(story.sent.values(), default=0.0),
        longest_wait=max((at - story.sent[job] for job, at in done.items()), default=0),
        tail=median(tails) if tails else None,
    )


def _tails(story: Story) -> Iterable[float]:
    """Yield how long each removed idle dyno had no busy dyno at or above it."""
    for life in story.lives:
        sigterm = life.sigterm_at
        if sigterm is None:
            continue
        before = [
            attempt
            for attempt in story.attempts
            if (attempt.life.number or 0) >= (life.number or 0)
            and attempt.began_at <= sigterm
        ]
        ends = [attempt.over_at for attempt in before if attempt.over_at is not None]
        if any(attempt.caught and attempt.life is life for attempt in before):
            continue
        idle_since = max([life.started_at, *(end for end in ends if end <= sigterm)])
        yield sigterm - idle_since
