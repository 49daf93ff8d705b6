"""Ask the workers, and remember which of them answered.

A worker that shuts down stops listening, but still runs the jobs it has started. If
it has acknowledged them, the broker no longer knows them. A worker that imports the
agent goes on answering (`celery_closing`). Any other counts as missing for as long
as it may take to end, and the number of running jobs is unknown until then.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any, Optional

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_busy import has_unnumbered
from scalar_agent.celery_command import COMMAND
from scalar_agent.celery_quiesce import COMMAND as QUIESCE

#: Seconds within which a worker with the agent answers again after it starts to
#: shut down or reconnects.
PAUSE = 5.0

#: Polls after which workers without the agent are checked for it again.
ASK_AGAIN = 30


class Watch:
    """Remembers the workers from one poll to the next.

    Args:
        timeout: Seconds that they have to answer.
        time_to_end: Seconds that a worker may take to shut down.
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
        """The workers that answered but do not know the agent's command."""
        return {name for name, has_agent in self._known.items() if not has_agent}

    def resume(self, broker: Any, processes: Collection[str]) -> None:
        """Let quiesced workers go on, on dynos without numbers.

        All of them were quiesced, since nobody knows which ones go, and all stay if
        one of them has to.
        """
        if has_unnumbered(self._known, processes):
            keep = dict.fromkeys(processes, 0)
            arguments = {"keep": keep, "seconds": 0}
            broker.ask(QUIESCE, arguments, self.timeout, self._known)

    def quiesce(self, broker: Any, keep: Mapping[str, int]) -> None:
        """Quiesce the workers on the dynos that are not kept.

        Only if all known workers have the agent: one without it would log an
        error and go on consuming.
        """
        if not self.without_agent:
            broker.ask(QUIESCE, {"keep": dict(keep)}, self.timeout, self._known)

    def ask(self, broker: Any, *, all_tasks: bool = False) -> Answers:
        """Ask the workers for their tasks, and note which of them answered.

        Args:
            broker: The connection to use.
            all_tasks: Include tasks that they have not started.

        Workers without the agent are asked with Celery's own command. A command
        that they do not know leaves an error in their log, so ours is tried only
        if a worker is new, and now and then: one may have restarted under its old
        name.
        """
        answers: Answers
        self._polls += 1
        if all(self._known.values()) or self._polls % ASK_AGAIN == 0:
            only_active = {"only_active": broker.reports_unacked and not all_tasks}
            answers = broker.ask(COMMAND, only_active, self.timeout, self._known)
            without = answers.without_command
            self._known.update({name: name not in without for name in answers.names})
            if without:
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
        """Return whether a worker that was never seen may be shutting down.

        Args:
            looks_so: Jobs are held, no worker listens, and none was killed while
                listening. A worker killed at the end of its time leaves the same
                traces, so this is believed for that time only.
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
            return  # Missing and silent workers cannot be told apart.
        for name in self._known.keys() - names:
            has_agent = self._known.pop(name)
            if name not in self._closing:  # else it answered until it ended
                self._missed[name] = now + (PAUSE if has_agent else self._time_to_end)
        self._closing = answers.closing
        if names - self._known.keys():
            self._polls = -1  # a worker is new: check for the agent next time
