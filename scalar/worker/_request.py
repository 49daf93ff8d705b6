"""Acknowledge a message in the thread that runs its task."""

from __future__ import annotations

from celery.worker.request import Request


class InThreadRequest(Request):
    """A request that does not wake the worker's event loop for each message.

    Celery acknowledges in its event loop, because that may need the connection. Ours
    does not: without broker acknowledgements it only frees a place in the prefetch
    window, which any thread may do. The loop is woken once enough places are free.
    """

    def acknowledge(self) -> None:
        """Free a place in the prefetch window; wake the loop if it should fetch."""
        if self.acknowledged:
            return
        self.acknowledged = True
        self.message.ack()
        self.message.channel.wake_loop_to_fetch()
