"""The workers' answers to a remote control request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Optional

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
        tag: Its message's delivery tag; empty if the worker does not say.
        is_redelivered: Its message had been given out before.
        expires: When it expires, as in its message.
        sent_at: Its stamp.
    """

    worker: str
    id: str
    exchange: str
    routing_key: str
    eta: Any
    is_active: bool
    is_acknowledged: bool
    tag: str = ""
    is_redelivered: bool = False
    expires: Any = None
    sent_at: Any = None


@dataclass
class Answers:
    """The answers to one request.

    Attributes:
        heard: How many workers got the request.
        answers: Names of workers and their answers. A name may appear twice: two
            workers share it, or one has just begun to shut down.
        unreadable: How many of the answers cannot be read, and in which form.
        failure: Why nobody could be asked; empty if they could.
    """

    heard: int = 0
    answers: list[tuple[str, Any]] = field(default_factory=list)
    unreadable: int = 0
    form: str = ""
    failure: str = ""

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
        answered = len(self.answers) + len(self.standing_in)
        return max(0, self.heard - answered)

    @property
    def standing_in(self) -> list[Any]:
        """Answers for workers that got the request, too, and cannot answer."""
        return [x for _, x in self.answers if isinstance(x, dict) and "blocked" in x]

    @property
    def may_hide(self) -> bool:
        """Whether one of those may have got a job that nobody has noted yet."""
        return any(answer["blocked"] != "empty" for answer in self.standing_in)

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

    def waits(self) -> Optional[list[tuple[str, str, Optional[float]]]]:
        """Return where jobs that are held and do not run came from, and since when.

        None if a worker does not say. The time is None if a message has no stamp.
        """
        waits: list[tuple[str, str, Optional[float]]] = []
        for _, answer in self.answers:
            if not isinstance(answer, dict) or "waits" not in answer:
                return None
            waits += [(wait[0], wait[1], wait[2]) for wait in answer["waits"]]
        return waits

    @property
    def began_at(self) -> Optional[float]:
        """When the first of them began to work, as far as they say."""
        times = []
        for _, answer in self.answers:
            if isinstance(answer, list):
                times += [task.get("time_start") for task in answer]
            else:
                times.append(answer.get("began_at"))
        return min((time for time in times if time), default=None)

    def queues(self) -> set[str]:
        """Return the queues that they consume from."""
        return {
            queue
            for _, answer in self.answers
            if isinstance(answer, dict)
            for queue in answer.get("queues", ())
        }

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
        str(task.get("tag") or ""),
        bool(task.get("redelivered")),
        task.get("expires"),
        task.get("sent_at"),
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
