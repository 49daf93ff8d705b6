"""Ask the workers, and remember who was there.

A worker that shuts down stops to listen, but still runs what it has begun. If it
has acknowledged these jobs, no broker knows of them. A worker that imports the
agent goes on answering (`celery_closing`). Any other is missed here for as long
as it may take to end, and meanwhile nobody can say how much is running.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Optional

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_command import COMMAND
from scalar_agent.celery_quiet import COMMAND as QUIET

#: Seconds in which a worker with the agent begins to answer again: while it
#: starts to shut down, or connects anew.
PAUSE = 5.0

#: Polls after which workers without the agent are asked for it again.
ASK_AGAIN = 30


class Watch:
    """What is known of the workers from one poll to the next.

    Args:
        timeout: Seconds that they have for their answers.
        time_to_end: Seconds that a worker which shuts down may live.
    """

    def __init__(self, timeout: float, time_to_end: float) -> None:
        self.timeout = timeout
        self._time_to_end = time_to_end
        self._known: dict[str, bool] = {}
        self._closing: set[str] = set()
        self._missed: dict[str, float] = {}
        self._unseen_since: Optional[float] = None
        self._polls = 0

    @property
    def without_agent(self) -> set[str]:
        """The workers that answered and do not know the agent's command."""
        return {name for name, has_agent in self._known.items() if not has_agent}

    def quiet(self, broker: Any, keep: Mapping[str, int]) -> None:
        """Let the workers on the dynos that are not kept take no more jobs.

        Only if all workers that are known have the agent: one without it would
        log an error, and be no quieter.
        """
        if not self.without_agent:
            broker.ask(QUIET, {"keep": dict(keep)}, self.timeout, self._known)

    def ask(self, broker: Any, *, all_tasks: bool = False) -> Answers:
        """Ask for the tasks that the workers have; note who answered.

        Args:
            broker: Where to ask.
            all_tasks: Also for those that they have not begun.

        Workers without the agent are asked by Celery's own command. To be asked
        for one that they do not know leaves an error in their log, so that is
        done only where a worker is new, and now and then: it may have begun anew
        under its old name.
        """
        answers: Answers
        self._polls += 1
        if all(self._known.values()) or self._polls % ASK_AGAIN == 0:
            only_active = {"only_active": broker.tells_unacked and not all_tasks}
            answers = broker.ask(COMMAND, only_active, self.timeout, self._known)
            ignorant = answers.ignorant
            self._known.update({name: name not in ignorant for name in answers.names})
            if ignorant:
                answers = broker.ask(
                    "active", {"safe": True}, self.timeout, self._known
                )
        else:
            answers = broker.ask("active", {"safe": True}, self.timeout, self._known)
        self._note(answers)
        return answers

    def missed(self) -> set[str]:
        """Return the workers that are gone, but may still run something."""
        now = time.monotonic()
        self._missed = {name: end for name, end in self._missed.items() if end > now}
        return set(self._missed)

    def may_be_closing(self, *, looks_so: bool) -> bool:
        """Return whether a worker that nobody has seen may be shutting down.

        Args:
            looks_so: Somebody holds jobs, nobody listens, and nobody was killed
                while he did. A worker killed at the end of its time leaves the
                same; so it is believed for that time only.
        """
        now = time.monotonic()
        if not looks_so:
            self._unseen_since = None
            return False
        if self._unseen_since is None:
            self._unseen_since = now
        return now - self._unseen_since < self._time_to_end

    def _note(self, answers: Answers) -> None:
        names, now = answers.names, time.monotonic()
        for name in names:
            self._missed.pop(name, None)
        if answers.silent:
            return  # Who is gone and who is silent cannot be told apart.
        for name in self._known.keys() - names:
            has_agent = self._known.pop(name)
            if name not in self._closing:  # else it has been heard to its end
                self._missed[name] = now + (PAUSE if has_agent else self._time_to_end)
        self._closing = answers.closing
        if names - self._known.keys():
            self._polls = -1  # somebody is new: ask for the agent the next time
