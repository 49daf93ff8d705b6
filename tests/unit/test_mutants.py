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


def test_each_row_of_the_table_names_a_fault_and_a_test_that_exists():
    _, table = (ROOT / "docs" / "testing.md").read_text().split("--write -->\n")
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[3:]]

    assert {name for name, _ in rows} <= {fault.name for fault in FAULTS}
    for _, test in rows:
        path, _, function = test.strip("`").partition("::")
        name = function.split("::")[-1].partition("[")[0]
        assert f"def {name}(" in (ROOT / path).read_text()
