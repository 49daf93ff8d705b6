"""All situations by the names of their rows in the truth table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from agent.tests.situations import broken_broker as broken
from agent.tests.situations import ending_worker as ending
from agent.tests.situations import (
    odd_messages,
    odd_workers,
    on_rabbitmq,
    with_worker,
    without_worker,
)
from agent.tests.situations.facts import Scene
from agent.tests.situations.place import PREFORK, THREADS, Place, place


@dataclass(frozen=True)
class Row:
    """A situation of the truth table.

    Attributes:
        name: Its name in the table.
        text: A short description.
        set_up: Sets it up at a place.
        is_new: Whether it matters that its broker has just been started.
    """

    name: str
    text: str
    set_up: Callable[[Place], Scene]
    is_new: bool = False

    @contextmanager
    def on(self, url: str, *, has_agent: bool = True) -> Iterator[Scene]:
        """Set the situation up on this broker, and clean up after it.

        Args:
            url: The broker's URL; a Redis is flushed first.
            has_agent: Whether the app imports our agent, as the README says.
        """
        with place(url, has_agent=has_agent) as here:
            yield replace(self.set_up(here), is_new=self.is_new)


REDIS = (
    Row(
        "A",
        "no worker; 5 normal, 3 of priority 9, 4 due in an hour",
        without_worker.priorities_and_etas,
    ),
    Row("B", "the same, all prefetched, 2 of them running", with_worker.prefetched),
    Row(
        "C",
        "2 running, early ack, threads",
        with_worker.running(THREADS, acks_late=False),
    ),
    Row(
        "C2",
        "2 running, early ack, prefork",
        with_worker.running(PREFORK, acks_late=False),
    ),
    Row(
        "D",
        "2 running, late ack, threads",
        with_worker.running(THREADS, acks_late=True),
    ),
    Row(
        "D2",
        "2 running, late ack, prefork",
        with_worker.running(PREFORK, acks_late=True),
    ),
    Row("D3", "2 running, one acks early and one late", with_worker.mixed),
    Row("E", "1 running, solo, early ack, `pool` set", with_worker.solo),
    Row("E2", "the same, `pool` not set", with_worker.solo_untold),
    Row("E3", "1 running, solo, late ack", with_worker.solo_late),
    Row("F", "nothing", without_worker.nothing),
    Row("F2", "an idle worker", with_worker.idle),
    Row("F3", "a worker that holds 2 due in an hour", with_worker.idle_with_future),
    Row("G1", "late ack: 2 running, 4 prefetched", ending.before_the_kill),
    Row("G2", "then SIGKILL", ending.killed_late),
    Row("G3", "early ack: 2 running, 4 prefetched, SIGKILL", ending.killed_early),
    Row("G3s", "as G3, measured before", ending.killed_after_a_look),
    Row("G4", "one worker killed as in G3, one alive", with_worker.one_killed_of_two),
    Row(
        "H1",
        "2 running, 4 prefetched, warm shutdown, early ack, threads",
        ending.shutting_down(THREADS, acks_late=False),
    ),
    Row(
        "H1p",
        "the same, prefork",
        ending.shutting_down(PREFORK, acks_late=False),
    ),
    Row(
        "H1L",
        "the same, late ack, threads",
        ending.shutting_down(THREADS, acks_late=True),
    ),
    Row(
        "H1Lp",
        "the same, late ack, prefork",
        ending.shutting_down(PREFORK, acks_late=True),
    ),
    Row(
        "H1x",
        "as H1, the worker has no agent",
        ending.shutting_down(THREADS, acks_late=False, has_agent=False),
    ),
    Row(
        "H1s",
        "as H1x, measured before",
        ending.shutting_down_after_a_look,
    ),
    Row(
        "H3",
        "2 running, early ack, none held, warm shutdown",
        ending.shutting_down_with_nothing_held(),
    ),
    Row(
        "H3x",
        "as H3, the worker has no agent",
        ending.shutting_down_with_nothing_held(has_agent=False),
    ),
    Row(
        "H2",
        "H1, then SIGKILL",
        ending.killed_while_shutting_down(acks_late=False),
    ),
    Row(
        "H2L",
        "H1L, then SIGKILL",
        ending.killed_while_shutting_down(acks_late=True),
    ),
    Row("K", "3 waiting, then Redis is down", broken.down),
    Row("K2", "3 waiting, then Redis hangs", broken.frozen),
    Row("N", "2 running, 4 prefetched, early ack, worker hangs", with_worker.frozen),
    Row("N2", "the same, late ack, prefork", with_worker.frozen_late),
    Row("P", "key prefix, no worker, another app there", without_worker.key_prefix),
    Row("P2", "key prefix: 2 running, 4 prefetched, early", with_worker.key_prefix),
    Row("Q", "custom routing, no worker", without_worker.custom_routing),
    Row("Q2", "custom routing, two workers, early ack", with_worker.custom_routing),
    Row("S", "own priority steps and separator", without_worker.custom_priorities),
    Row(
        "T", "2 ETAs came due, 1 normal, 1 due in an hour", without_worker.eta_came_due
    ),
    Row("T2", "2 running, an ETA came due at their worker", with_worker.eta_came_due),
    Row(
        "T3",
        "2, an ETA that came, 3 in an hour; enable_utc=False",
        without_worker.local_times,
    ),
    Row("V", "as G3; another database has a live worker", with_worker.other_database),
    Row("X", "100,000 waiting", without_worker.many),
    Row(
        "Y",
        "1 running on worker.2 of three, late ack",
        with_worker.one_busy_dyno_of_three,
    ),
    Row(
        "A1",
        "2 running, early ack, then Redis restarts empty",
        odd_workers.forgotten(acks_late=False),
        is_new=True,
    ),
    Row("A2", "the same, late ack", odd_workers.forgotten(acks_late=True), is_new=True),
    Row("A3", "as A1, and the worker is back", odd_workers.back, is_new=True),
    Row("A4", "2 running, early ack, no remote control", odd_workers.unheard),
    Row("B1", "a late app; 2 running of a task that acks early", odd_workers.mixed),
    Row("B2", "late ack, worker hangs, then 1 more is sent", odd_workers.hidden),
    Row("C1", "3,000 waiting that are due in an hour", odd_messages.future),
    Row("C3", "3,000 held that are due in an hour", odd_messages.held_future),
    Row("D4", "pickle: 2 running, 3 waiting", odd_messages.pickled),
    Row("D5", "1 running, 5 waiting, Redis is full, late ack", odd_workers.full),
    Row("H4", "an idle worker has just ended, another runs 1", odd_workers.ended),
    Row(
        "I1",
        "2 running, 4 held, soft shutdown, early ack",
        odd_workers.soft_shutdown(acks_late=False),
    ),
    Row("I2", "the same, late ack", odd_workers.soft_shutdown(acks_late=True)),
    Row("L1", "2 running, 4 held for a while", odd_workers.held),
    Row("M1", "task protocol 1: 5 waiting, 4 due in an hour", odd_messages.old),
    Row("M2", "50 expired, 1 not", odd_messages.expired),
    Row("M3", "the app's queue is called otherwise; 7 waiting", odd_messages.unmapped),
)

RABBITMQ = (
    Row("R1", "RabbitMQ, no worker; 5, and 4 due in an hour", on_rabbitmq.no_worker),
    Row(
        "R2",
        "RabbitMQ: 1 running, 4 prefetched, 4 due in an hour",
        on_rabbitmq.prefetched,
    ),
    Row("R3", "then SIGKILL", on_rabbitmq.killed),
    Row(
        "R4", "RabbitMQ: a worker holds 2 due in an hour", on_rabbitmq.idle_with_future
    ),
)
