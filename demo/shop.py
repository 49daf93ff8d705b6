"""The app that is scaled: one of the examples, with three process types.

Both the scaler and the app get an environment of their own. The caller's may
hold a real key of Heroku, or a proxy, which must not reach either.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from demo.guard import MARK, ROOT
from local_heroku.control import LocalHeroku

NAME = "shop"
EXAMPLES = ROOT / "examples"
#: For basic authentication at the app's API; made up. The agent takes any user.
USER, PASSWORD = "demo", "pass"

#: Seconds between two polls, and the count that one dyno carries.
PERIOD = 1
BOUNDARY = 5

#: Process type -> the Celery queue that its dynos read; these are counted.
QUEUES = {"worker": "default", "mailer": "mail"}
SCALED = tuple(QUEUES)
#: Two jobs at a time, and no chat between workers that would cost the machine. No
#: worker has the name of its dyno: here the count alone decides, as the verdict
#: wants it.
_CELERY = (
    "celery -A jobs worker --queues {queue} --hostname $DYNO-demo@shop --loglevel INFO "
    "--pool threads --concurrency 2 "
    "--without-gossip --without-mingle --without-heartbeat"
)
#: Process type -> the command of its dynos, as in the app's own Procfile.
COMMANDS = {
    "web": "python flask_app.py",
    **{name: _CELERY.format(queue=queue) for name, queue in QUEUES.items()},
}
#: The formation to begin with. `web` is not counted, so it is left alone.
FORMATION = {"web": 1, "worker": 0, "mailer": 0}

#: What a program needs of the caller's environment.
_KEPT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ", MARK)


def counts_url(port: int) -> str:
    """Return the address of the app's counts, with user and password."""
    return f"http://{USER}:{PASSWORD}@127.0.0.1:{port}/api/scalar_tasks/"


def scaler_environment(
    heroku: LocalHeroku, redis_url: str, folder: Path
) -> Mapping[str, str]:
    """Return the environment of the scaler's processes."""
    return {
        **_kept(),
        "HEROKU_API_KEY": heroku.token,
        "HEROKU_API_URL": heroku.url,
        "DATABASE_URL": f"sqlite:///{folder / 'scalar.sqlite3'}",
        "REDIS_URL": redis_url,
        "SLEEP_PERIOD": str(PERIOD),
        "COUNT_BOUNDARY": str(BOUNDARY),
        "WORKER_CONCURRENCY": "2",
    }


def app_environment(redis_url: str, port: int) -> Mapping[str, str]:
    """Return the environment of the app's dynos."""
    return {
        **_kept(),
        "REDIS_URL": redis_url,
        "PORT": str(port),
        "SCALAR_AGENT_TOKEN": PASSWORD,
    }


def _kept() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}
