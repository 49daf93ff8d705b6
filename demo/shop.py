"""The app being scaled: one of the examples, its settings and its load."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devtools.procfile import ROOT
from local_heroku.control import LocalHeroku
from scalar.core.decision.boundary import recommend_by_boundary

NAME = "shop"
EXAMPLES = ROOT / "examples"
PASSWORD = "pass"

#: Seconds between two polls, and jobs per dyno.
PERIOD = 1
BOUNDARY = 5

#: Scaled process type -> the Celery queue its dynos read.
QUEUES = {"worker": "default", "mailer": "mail"}
TASKS = {"worker": "jobs.work", "mailer": "jobs.send_mail"}
SCALED = tuple(QUEUES)
FORMATION = {"web": 1, "worker": 0, "mailer": 0}
#: The node name differs from the dyno's, and the app does not report which dynos are
#: busy, so the count alone decides, as the verdict expects.
_CELERY = (
    "celery -A jobs worker --queues {queue} --hostname $DYNO-demo@shop --loglevel INFO "
    "--pool threads --concurrency 2 "
    "--without-gossip --without-mingle --without-heartbeat"
)
COMMANDS = {
    "web": "python flask_app.py",
    **{name: _CELERY.format(queue=queue) for name, queue in QUEUES.items()},
}

#: A wave of load: seconds into it -> jobs. `worker` climbs to about 6 dynos and
#: `mailer` to 3. Jobs are short, so a stopping dyno finishes at once.
WAVE = {
    "worker": {0: 4, 2: 8, 4: 10, 6: 14, 8: 6},
    "mailer": {3: 4, 5: 8, 7: 5},
}
JOB_SECONDS = 1.5
#: Seconds until the last dyno of a wave is gone, and from one wave to the next.
WAVE_SECONDS = 18
APART = 20

#: The only variables that the parts inherit from the caller, whose environment may
#: hold a real Heroku key or a proxy.
_KEPT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ")


class Load:
    """Sends waves of jobs, each when the app is idle and if it can end in time."""

    def __init__(self, celery: Any, seconds: float) -> None:
        self._celery, self._seconds = celery, seconds
        self._due: list[tuple[float, str, int]] = []
        self.waves = self.jobs = 0

    def send(self, now: float, *, idle: bool) -> None:
        """Send the jobs that are due, `now` seconds after the demo began."""
        is_time = self.waves * APART <= now <= self._seconds - WAVE_SECONDS
        if is_time and idle and not self._due:
            self._due = sorted(
                (now + after, name, jobs)
                for name, batches in WAVE.items()
                for after, jobs in batches.items()
            )
            self.waves += 1
        while self._due and self._due[0][0] <= now:
            _, name, jobs = self._due.pop(0)
            for _ in range(jobs):
                arguments = {"seconds": JOB_SECONDS}
                self._celery.send_task(TASKS[name], (), arguments, queue=QUEUES[name])
            self.jobs += jobs


def dynos_for(count: float) -> int:
    """Return how many dynos a count needs."""
    return recommend_by_boundary(count, BOUNDARY)


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
    own = {"REDIS_URL": redis_url, "PORT": str(port), "SCALAR_AGENT_TOKEN": PASSWORD}
    return {**_kept(), **own, "EXAMPLE_BUSY_DYNOS": "no"}


def _kept() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}
