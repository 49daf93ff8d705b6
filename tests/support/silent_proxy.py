"""A TCP proxy that can stop to forward, as a server that is gone without a word."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class SilentProxy:
    """Forwards from a TCP port to a Unix socket, until it is silenced.

    Then connections stay open, new ones are accepted, and nothing answers.
    """

    def __init__(self, path: str) -> None:
        self._target = path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._forwards = threading.Event()
        self._forwards.set()
        self._sockets: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def silence(self) -> None:
        """Forward nothing from now on."""
        self._forwards.clear()

    def speak(self) -> None:
        """Forward what comes from now on, over connections made from now on."""
        self._forwards.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._sockets += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(
                        target=self._forward, args=ends, daemon=True
                    ).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if self._forwards.is_set():
                    target.sendall(data)
            target.shutdown(socket.SHUT_WR)
