"""Run the fuzzer on one of the checks: `python -m fuzz answers --seconds 60`."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

import atheris

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
FOUND = HERE.parent / ".cache" / "fuzz"
TARGETS = tuple(sorted(folder.name for folder in CORPUS.iterdir() if folder.is_dir()))
#: The packages to instrument. The fuzzer cannot see into C code, and instrumenting
#: YAML's parser makes it thirty times slower.
INSTRUMENTED = ["scalar", "json", "urllib"]
#: Seconds allowed per input, and most bytes, those of an app's longest answer.
TIMEOUT, LONGEST = 10, 65_536


def main() -> None:
    """Fuzz until the time is over or an invariant is violated."""
    given = _arguments()
    found = FOUND / given.target
    found.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=INSTRUMENTED):
        check = importlib.import_module(f"fuzz.{given.target}").check
    options = {
        "max_total_time": given.seconds,
        "max_len": LONGEST,
        "timeout": TIMEOUT,
        "rss_limit_mb": 2_048,
        "dict": HERE / "words.dict",
        "artifact_prefix": f"{found}-",
        "print_final_stats": 1,
        "seed": given.seed,
    }
    words = [f"-{name}={value}" for name, value in options.items()]
    folders = [str(found), str(CORPUS / given.target)]
    atheris.Setup([sys.argv[0], *words, *folders], check)
    atheris.Fuzz()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, help="duration (60)")
    parser.add_argument("--seed", type=int, default=0, help="0: a random one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
