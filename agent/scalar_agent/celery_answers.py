"""The workers' answers to a remote control request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

#: Suffix of a worker's name while it shuts down (`celery_closing`).
CLOSING = "#closing"


@dataclass(frozen=True)
class Held:
    """A task that a worker holds.

    Attributes:
        worker: The worker's name.
        id: The task's id.
        exchange: Where its message was sent, with `routing_key`.
        eta: The ETA in its message; None if it has none.
        is_active: The worker runs it.
        is_acknowledged: The broker no longer holds it.
    """

    worker: str
    id: str
    exchange: str
    routing_key: str
    eta: str | None
    is_active: bool
    is_acknowledged: bool


@dataclass
class Answers:
    """The answers to one request.

    Attributes:
        heard: How many workers got the request.
        answers: Names of workers and their answers. A name may appear twice: two
            workers share it, or one has just begun to shut down.
    """

    heard: int = 0
    answers: list[tuple[str, Any]] = field(default_factory=list)

    def leave_out(self, prefix: str) -> bool:
        """Drop answers from names with this prefix; return whether there were any."""
        others = [(name, x) for name, x in self.answers if not name.startswith(prefix)]
        left_out = len(self.answers) - len(others)
        self.heard -= left_out
        self.answers = others
        return left_out > 0

    @property
    def silent(self) -> int:
        """How many workers got the request and did not answer."""
        return max(0, self.heard - len(self.answers))

    @property
    def names(self) -> set[str]:
        """The workers that answered."""
        return {name.replace(CLOSING, "") for name, _ in self.answers}

    @property
    def closing(self) -> set[str]:
        """The workers that answered while shutting down."""
        return {
            name.replace(CLOSING, "") for name, _ in self.answers if CLOSING in name
        }

    @property
    def without_command(self) -> set[str]:
        """The workers that did not know the command."""
        return {
            name.replace(CLOSING, "")
            for name, answer in self.answers
            if not isinstance(answer, list) and "tasks" not in answer
        }

    def tasks(self) -> Iterator[Held]:
        """Yield the tasks that they hold; `inspect active` lists running ones only."""
        for name, answer in self.answers:
            worker = name.replace(CLOSING, "")
            if isinstance(answer, list):
                yield from (_held_of_active(worker, task) for task in answer)
            else:
                yield from (_held(worker, task) for task in answer.get("tasks", ()))

    def busy(self) -> set[str]:
        """Return the workers that run a task, or are about to.

        Leaves out those that shut down: their dynos are being removed.
        """
        return {
            task.worker
            for task in self.tasks()
            if (task.is_active or not task.eta) and task.worker not in self.closing
        }

    def consuming(self) -> set[str]:
        """Return the workers that consume jobs, or do not say whether they do."""
        return {
            name
            for name, answer in self.answers
            if CLOSING not in name
            and (isinstance(answer, list) or answer.get("queues"))
        }


def _held(worker: str, task: dict[str, Any]) -> Held:
    return Held(
        worker,
        str(task["id"]),
        task["exchange"],
        task["routing_key"],
        task["eta"],
        bool(task["active"]),
        bool(task["acknowledged"]),
    )


def _held_of_active(worker: str, task: dict[str, Any]) -> Held:
    info = task.get("delivery_info") or {}
    return Held(
        worker,
        str(task["id"]),
        info.get("exchange") or "",
        info.get("routing_key") or "",
        None,
        is_active=True,
        is_acknowledged=bool(task.get("acknowledged")),
    )
