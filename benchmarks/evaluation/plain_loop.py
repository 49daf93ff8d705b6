"""The floor and the naive way: the same GETs in a plain loop of threads.

`python -m benchmarks.evaluation.plain_loop HOW CA URLS ROUNDS` prints the CPU
seconds of each round over all URLs.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

THREADS = 50
#: Connect and read timeout, in seconds.
TIMEOUT = (3.0, 5.0)


def shared_session(ca: str) -> Callable[[str], object]:
    """Return a GET that shares one session among all threads."""
    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter(pool_connections=20_000, pool_maxsize=50)
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return lambda url: session.get(url, timeout=TIMEOUT, verify=ca or True).json()


def session_per_thread(ca: str) -> Callable[[str], object]:
    """Return a GET with one session per thread."""
    local = threading.local()

    def get(url: str) -> object:
        if not hasattr(local, "session"):
            local.session = requests.Session()
        return local.session.get(url, timeout=TIMEOUT, verify=ca or True).json()

    return get


def no_session(ca: str) -> Callable[[str], object]:
    """Return `requests.get`."""
    return lambda url: requests.get(url, timeout=TIMEOUT, verify=ca or True).json()


HOW = {
    "shared session": shared_session,
    "session per thread": session_per_thread,
    "requests.get": no_session,
}


def main() -> None:
    """Run the rounds, and print what each took; the first one warms up."""
    how, ca, urls_file, rounds = sys.argv[1:]
    urls = json.loads(Path(urls_file).read_text())
    get = HOW[how](ca)
    took = []
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(int(rounds) + 1):
            before = time.process_time()
            list(pool.map(get, urls))
            took.append(time.process_time() - before)
    print(json.dumps(took[1:]))


if __name__ == "__main__":
    main()
