"""Ask the workers, and remember which of them answered.

A worker that shuts down stops listening, but still runs the jobs it has started. If
it has acknowledged them, the broker no longer knows them. A worker that imports the
agent goes on answering (`celery_closing`), and says when it has ended. Any other
counts as missing for as long as it may take to end, and the number of running jobs is
unknown until then. All agents of an app share what they have seen, as far as the
broker keeps notes.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_busy import has_unnumbered
from scalar_agent.celery_command import COMMAND
from scalar_agent.celery_notes import ENDED, MISSED, SEEN, SOLO, Notes
from scalar_agent.celery_quiesce import COMMAND as QUIESCE
from scalar_agent.celery_server import Server
from scalar_agent.celery_silence import Silence

#: Seconds within which a worker with the agent answers again after it starts to
#: shut down or reconnects.
PAUSE = 5.0

#: Polls without an answer that can be read, after which no more are asked for.
PATIENCE = 2
#: Polls after which workers without the agent are checked for it again.
ASK_AGAIN = 30


@dataclass
class Sighting:
    """A worker as it was last seen; times are the broker's.

    Attributes:
        has_agent: Whether it has the agent.
        at: When it last answered.
        missed_since: When it was first missed; None if it was not.
    """

    has_agent: bool
    at: float
    missed_since: Optional[float] = None


class Watch:
    """Remembers the workers from one poll to the next.

    Args:
        timeout: Seconds that they have to answer.
        time_to_end: Seconds that a worker may take to shut down.
    """

    def __init__(self, timeout: float, time_to_end: float) -> None:
        self.timeout = timeout
        self.silence = Silence()
        self._time_to_end = time_to_end
        self._known: dict[str, Sighting] = {}
        self._closing: set[str] = set()
        self._unseen_since: Optional[float] = None
        #: The workers that did not know the agent's command the last time.
        self._without: set[str] = set()
        self._unread_polls = 0
        self._polls = 0

    @property
    def without_agent(self) -> set[str]:
        """The workers that answered but do not know the agent's command."""
        return {name for name, it in self._known.items() if not it.has_agent}

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
            broker.ask(QUIESCE, {"keep": dict(keep)}, self.timeout, self._present())

    def ask(
        self, broker: Any, notes: Notes, now: float, *, all_tasks: bool = False
    ) -> Answers:
        """Ask the workers for their tasks, and note which of them answered.

        Args:
            broker: The connection to use.
            notes: What agents have noted; changed as needed.
            now: The broker's time.
            all_tasks: Include tasks that they have not started.

        Workers without the agent are asked with Celery's own command. A command
        that they do not know leaves an error in their log, so ours is tried only
        if a worker is new, and now and then: one may have restarted under its old
        name. Those that answer in a form that is not read are asked as rarely.
        """
        self._polls += 1
        self._share(notes)
        if self._unread_polls >= PATIENCE and self._polls % ASK_AGAIN:
            failure = "workers answer in a form that is not read, so none is asked"
            return Answers(failure=failure)
        answers = self._answers(broker, all_tasks=all_tasks)
        is_unread = answers.unreadable and not answers.names
        self._unread_polls = self._unread_polls + 1 if is_unread else 0
        if not answers.failure:
            self._note(answers, notes, now, broker.server)
        return answers

    def missed(self) -> set[str]:
        """Return the workers that are gone, but may still run something."""
        return {name for name, it in self._known.items() if it.missed_since}

    def solo(self, answers: Answers, notes: Notes) -> int:
        """Return how many silent workers cannot answer because they run a job."""
        silent = notes.names(SOLO) - notes.names(ENDED) - answers.names
        return min(len(silent), answers.silent)

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

    def _answers(self, broker: Any, *, all_tasks: bool) -> Answers:
        answers: Answers
        present = self._present()
        has_agent = all(self._known[name].has_agent for name in present)
        if has_agent or self._polls % ASK_AGAIN == 0:
            arguments = {"only_active": broker.reports_unacked and not all_tasks}
            if broker.forms.as_text:
                arguments["as_text"] = True
            answers = broker.ask(COMMAND, arguments, self.timeout, present)
            if answers.unreadable and not arguments.get("as_text"):
                arguments["as_text"] = True
                answers = broker.ask(COMMAND, arguments, self.timeout, present)
            self._without = answers.without_command
            if not self._without:
                return answers
        else:
            self._without = self.without_agent
        return broker.ask(  # type: ignore[no-any-return]
            "active", {"safe": True}, self.timeout, present
        )

    def _present(self) -> set[str]:
        return {name for name, it in self._known.items() if not it.missed_since}

    def _share(self, notes: Notes) -> None:
        """Learn what other agents have seen."""
        for name in notes.names(SEEN):
            at = notes.since(SEEN, name) or 0.0
            known = self._known.get(name)
            if known is None and notes.since(ENDED, name) is None:
                self._known[name] = Sighting(notes.has_agent(name), at)
            elif known and at > known.at:
                known.at, known.missed_since = at, None
        for name, known in self._known.items():
            missed_since = notes.since(MISSED, name)
            if missed_since and missed_since > known.at:
                known.missed_since = missed_since

    def _note(self, answers: Answers, notes: Notes, now: float, server: Server) -> None:
        names = answers.names
        if names - self._known.keys():
            self._polls = -1  # a worker is new: check for the agent next time
        for name in names:
            has_agent = name not in self._without
            self._known[name] = Sighting(has_agent, now)
            notes.write(SEEN, name, "1" if has_agent else "0")
            notes.drop(MISSED, name)
            notes.drop(ENDED, name)
        if answers.silent:
            return  # Missing and silent workers cannot be told apart.
        for name in notes.names(ENDED) | self._closing:
            if name not in names:
                self.silence.note_ended(name)
        is_settled = not self.silence.returning(answers, server, now)
        has_left = server.readers is not None and not self.silence.unexplained(
            len(names), server
        )
        for name in self._known.keys() - names:
            if self._has_ended(
                name, notes, now, is_settled=is_settled, has_left=has_left
            ):
                del self._known[name]
                notes.drop(SEEN, name)
                notes.drop(MISSED, name)
                notes.write(ENDED, name)
            elif not self._known[name].missed_since:
                self._known[name].missed_since = now
                notes.write(MISSED, name)
        self._closing = answers.closing
        self.silence.note_answers(
            answers, server, now, is_complete=self._known.keys() == names
        )

    def _has_ended(
        self, name: str, notes: Notes, now: float, *, is_settled: bool, has_left: bool
    ) -> bool:
        """Return whether a worker that does not answer has ended.

        Args:
            name: The worker.
            notes: What agents and workers have noted.
            now: The broker's time.
            is_settled: Workers have had the time to reconnect.
            has_left: The broker has no connection of a worker that does not answer.
        """
        known = self._known[name]
        if notes.since(ENDED, name) is not None or name in self._closing:
            return True  # It said so, or it answered until it ended.
        if not is_settled:
            return False
        if not known.has_agent and has_left:
            return now - known.at >= self._time_to_end
        if known.missed_since is None:
            return False
        limit = PAUSE if known.has_agent else self._time_to_end
        return now - known.missed_since >= limit
