r"""Run a real RabbitMQ from unpacked packages.

On Debian, without touching the system:

    mkdir /tmp/rabbitmq && cd /tmp/rabbitmq
    apt-get download $(apt-get install -s rabbitmq-server |
        sed -n 's/^Inst \([^ ]*\).*/\1/p')
    for file in *.deb; do dpkg-deb -x $file root; done
    RABBITMQ_ROOT=/tmp/rabbitmq/root python -m devtools.rabbitmq_server

The last line prints the server's URL and runs it until Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from devtools.ports import free_port

#: Seconds until a server must answer.
PATIENCE = 60.0

#: The variable with the folder of the unpacked packages.
ROOT = "RABBITMQ_ROOT"


class NoRabbitError(Exception):
    """No RabbitMQ can be found or started."""


@contextmanager
def rabbitmq_server(root: Path | None = None) -> Iterator[str]:
    """Run an empty RabbitMQ until the block ends; yield its URL.

    Args:
        root: The folder of the unpacked packages; `RABBITMQ_ROOT` by default.

    Raises:
        NoRabbitError: It was not found, or did not answer in time.
    """
    root = root or Path(os.environ.get(ROOT, "/nowhere"))
    homes = sorted(root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*"))
    runtimes = sorted(root.glob("usr/lib/erlang/erts-*/bin"))
    if not homes or not runtimes:
        raise NoRabbitError(
            f"{ROOT} = {root}, must contain an unpacked rabbitmq-server"
        )
    with tempfile.TemporaryDirectory(prefix="rabbitmq-") as folder:
        place, port = Path(folder), free_port()
        log = place / "output.log"
        environment = _environment(root, runtimes[-1], place, port)
        # Erlang's port mapper, which RabbitMQ would start and leave behind.
        with (
            _running([str(runtimes[-1] / "epmd")], environment, place / "epmd.log"),
            _running(
                [str(homes[-1] / "sbin/rabbitmq-server")], environment, log
            ) as process,
        ):
            _wait(process, log)
            yield f"amqp://guest:guest@127.0.0.1:{port}//"


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command; at the end kill it and its children."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(root: Path, runtime: Path, place: Path, port: int) -> dict[str, str]:
    """Return the environment of the scripts, all of it below one folder."""
    programs = place / "programs"
    programs.mkdir()
    erl = programs / "erl"
    # The packaged script assumes that it is in /usr/lib.
    erl.write_text(
        "#!/bin/sh\n"
        f"export ROOTDIR='{runtime.parents[1]}' BINDIR='{runtime}'\n"
        "export EMU=beam PROGNAME=erl\n"
        f"exec '{runtime}/erlexec' \"$@\"\n"
    )
    erl.chmod(0o755)
    settings = place / "rabbitmq.conf"
    settings.write_text("log.file = false\nlog.console = true\n")
    plugins = place / "enabled_plugins"
    plugins.write_text("[].\n")
    return {
        "HOME": str(place),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": str(root / "usr/lib/x86_64-linux-gnu"),
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(free_port()),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(settings),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        "RABBITMQ_NODENAME": f"rabbit{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(place / "mnesia"),
        "RABBITMQ_LOG_BASE": str(place / "log"),
        "RABBITMQ_PID_FILE": str(place / "rabbitmq.pid"),
    }


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while "Server startup complete" not in (text := log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > end:
            raise NoRabbitError(f"RabbitMQ did not start; its log ends: {text[-1000:]}")
        time.sleep(0.1)


if __name__ == "__main__":
    with rabbitmq_server() as url, suppress(KeyboardInterrupt):
        print(url, flush=True)
        signal.pause()
