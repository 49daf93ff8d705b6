"""What the workers say of themselves when they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

#: What a worker adds to its name while it shuts down (`celery_closing`).
CLOSING = "#closing"


@dataclass(frozen=True)
class Held:
    """A task that a worker has.

    Attributes:
        worker: The worker's name.
        id: The task's.
        exchange: Where its message was sent, with `routing_key`.
        eta: As in its message; None if it has none.
        is_active: The worker runs it.
        is_acknowledged: The broker does not hold it any more.
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
    """Who heard a question, and who answered it.

    Attributes:
        heard: How many workers got the question.
        answers: Name of a worker and what it said. A name may come twice: of
            two workers of one name, or of one that has just begun to shut down.
    """

    heard: int = 0
    answers: list[tuple[str, Any]] = field(default_factory=list)

    def leave_out(self, prefix: str) -> bool:
        """Forget those whose name begins so; return whether there was one."""
        others = [(name, x) for name, x in self.answers if not name.startswith(prefix)]
        left_out = len(self.answers) - len(others)
        self.heard -= left_out
        self.answers = others
        return left_out > 0

    @property
    def silent(self) -> int:
        """How many heard the question and did not answer."""
        return max(0, self.heard - len(self.answers))

    @property
    def names(self) -> set[str]:
        """The workers that answered."""
        return {name.replace(CLOSING, "") for name, _ in self.answers}

    @property
    def closing(self) -> set[str]:
        """The workers that answered while they shut down."""
        return {
            name.replace(CLOSING, "") for name, _ in self.answers if CLOSING in name
        }

    @property
    def ignorant(self) -> set[str]:
        """The workers that did not know the command."""
        return {
            name.replace(CLOSING, "")
            for name, said in self.answers
            if not isinstance(said, list) and "tasks" not in said
        }

    def tasks(self) -> Iterator[Held]:
        """Yield the tasks that they have; `inspect active` tells the running."""
        for name, said in self.answers:
            worker = name.replace(CLOSING, "")
            if isinstance(said, list):
                yield from (_held_of_active(worker, task) for task in said)
            else:
                yield from (_held(worker, task) for task in said.get("tasks", ()))

    def busy(self) -> set[str]:
        """Return the workers that run a task, or are about to.

        A worker that shuts down is not among them: its dyno is being removed.
        """
        return {
            task.worker
            for task in self.tasks()
            if (task.is_active or not task.eta) and task.worker not in self.closing
        }

    def consuming(self) -> set[str]:
        """Return the workers that take jobs, as far as they tell."""
        return {
            name
            for name, said in self.answers
            if CLOSING not in name and (isinstance(said, list) or said.get("queues"))
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
