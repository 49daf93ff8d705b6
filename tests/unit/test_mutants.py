"""The list of deliberate faults fits the code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mutants.faults import FAULTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_breaks_one_place_and_leaves_valid_code(fault):
    source = (ROOT / fault.file).read_text()

    assert source.count(fault.code) == 1
    assert ast.parse(source.replace(fault.code, fault.broken))
    assert all((ROOT / path).exists() for path in fault.tests.split())


def test_each_fault_has_a_name_of_its_own():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
