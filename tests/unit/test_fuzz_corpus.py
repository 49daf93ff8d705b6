"""The invariants hold for the fuzzer's corpus and for its earlier findings."""

from __future__ import annotations

import pytest

from devtools.procfile import ROOT
from fuzz import answers, fleet, policies, urls

CHECKS = {
    "answers": answers.check,
    "fleet": fleet.check,
    "policies": policies.check,
    "urls": urls.check,
}
CORPUS = ROOT / "fuzz" / "corpus"
#: A corpus stays small, so that it can be read, and replayed fast.
MOST_FILES, MOST_BYTES = 60, 8_192

FILES = sorted(CORPUS.glob("*/*"))


def test_each_check_has_a_small_corpus():
    sizes = dict.fromkeys(CHECKS, 0)
    for file in FILES:
        sizes[file.parent.name] += 1
        assert file.stat().st_size <= MOST_BYTES, file

    assert all(0 < size <= MOST_FILES for size in sizes.values()), sizes


@pytest.mark.parametrize(
    "file", FILES, ids=[f"{file.parent.name}-{file.name}" for file in FILES]
)
def test_the_invariants_hold(file):
    CHECKS[file.parent.name](file.read_bytes())
