"""How a worker acknowledges a message: in the thread that has begun its task."""

from __future__ import annotations

from celery.worker.request import Request


class DirectRequest(Request):
    """A request that does not wake the worker's loop for every message.

    Celery lets its loop acknowledge, in case that a connection is needed. Ours is
    not: there is only room for one more message then, of which kombu takes note in
    any thread. The loop is woken when there is room for many.
    """

    def acknowledge(self) -> None:
        """Make room for another message; wake the loop if it is to take some."""
        if self.acknowledged:
            return
        self.acknowledged = True
        self.message.ack()
        self.message.channel.tell_of_room()
