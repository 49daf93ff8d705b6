"""The fan-out of a fleet: `python -m benchmarks.micro.fan_out APPS ROUNDS`.

Prints as JSON the wall-clock and CPU seconds per message, for each way. The settings
come from the environment, as in a worker.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median

from redis import Redis

from scalar.core.app import AppKey
from scalar.service.fan_out import fan_out
from scalar.tasks import app, poll_and_scale, settings, toolbox
from scalar.worker import CeleryPublisher

#: Messages per round trip, the same as ours.
BATCH = 500
#: Most apps for which the slowest way is measured.
MOST_DELAYED = 10_000
OURS, DELAY, BY_HAND = "fan-out", "`delay()` for each app", "LPUSH of JSON by hand"


def main() -> None:
    """Measure each way, and flush Redis before each round."""
    apps, rounds = map(int, sys.argv[1:])
    url = settings.redis_url.reveal()
    keys = [AppKey(number + 1, f"app-{number}", 1) for number in range(apps)]
    publisher = CeleryPublisher(app, poll_and_scale)
    with Redis.from_url(url) as redis:

        def ours() -> None:
            done = fan_out(toolbox().parts, publisher)
            assert done
            assert done.sent == apps

        def delay() -> None:
            for key in keys:
                poll_and_scale.delay(key.id, key.name, key.revision, "0" * 16)

        def by_hand() -> None:
            for first in range(0, apps, BATCH):
                texts = [
                    json.dumps([key.id, key.name, key.revision, "0" * 16])
                    for key in keys[first : first + BATCH]
                ]
                redis.lpush("by-hand", *texts)

        ways = {OURS: ours, DELAY: delay, BY_HAND: by_hand}
        if apps > MOST_DELAYED:
            del ways[DELAY]
        took = {what: _measure(way, redis, apps, rounds) for what, way in ways.items()}
    print(json.dumps(took))


def _measure(
    way: Callable[[], None], redis: Redis, apps: int, rounds: int
) -> tuple[float, float]:
    walls, cpus = [], []
    for _ in range(rounds + 1):
        redis.flushall()
        wall, cpu = time.perf_counter(), time.process_time()
        way()
        walls.append((time.perf_counter() - wall) / apps)
        cpus.append((time.process_time() - cpu) / apps)
    return median(walls[1:]), median(cpus[1:])


if __name__ == "__main__":
    main()
