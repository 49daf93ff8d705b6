"""The dyno in a worker's name."""

from __future__ import annotations

from typing import Optional

import pytest

from scalar_agent.dynos import (
    dyno_of,
    in_order,
    is_removed,
    number_of,
    process_type_of,
)

FIR = "worker-23z34x56y-w78k9"


@pytest.mark.parametrize(
    ("name", "dyno"),
    [
        ("worker.2@8f3a", "worker.2"),
        ("celery@worker.2", "worker.2"),
        ("worker.2", "worker.2"),
        ("mail-er_1.13@host.example.com", "mail-er_1.13"),
        ("run.4321@host", "run.4321"),
        ("worker.2@mailer.3", "worker.2"),
        (f"{FIR}@{FIR}", FIR),
        (f"celery@{FIR}", FIR),
        ("mail-er_1-23z34x56y-w78k9@host", "mail-er_1-23z34x56y-w78k9"),
        ("my-host-12345@worker.2", "worker.2"),
        ("worker.2@my-host-12345", "worker.2"),
        ("worker-w78k9@host", None),
        ("worker-23z34x56y-w78k@host", None),
        ("worker-23z34x56y-W78K9@host", None),
        ("celery@d1e2f3a4-1234-5678-9abc-def012345678", None),
        ("celery@8f3a", None),
        ("celery@ip-10-0-0-1.internal", None),
        ("celery@10.0.0.1", None),
        ("worker.0@host", None),
        ("worker.2x@host", None),
        ("4b1e7ad6b5d94c2f8a3e", None),
        ("", None),
    ],
)
def test_the_dyno_in_a_name(name: str, dyno: Optional[str]) -> None:
    assert dyno_of(name) == dyno


def test_the_process_type_of_a_dyno() -> None:
    assert process_type_of("mail-er.13") == "mail-er"
    assert process_type_of("mail-er-23z34x56y-w78k9") == "mail-er"


def test_a_dyno_of_fir_has_no_number() -> None:
    assert (number_of("mail-er.13"), number_of(FIR)) == (13, None)
    assert sorted(["a.10", FIR, "a.2"], key=in_order) == [FIR, "a.2", "a.10"]


@pytest.mark.parametrize(
    ("dyno", "kept", "goes"),
    [("worker.3", 2, "yes"), ("worker.3", 3, "no"), (FIR, 0, "yes"), (FIR, 99, "yes")],
)
def test_the_highest_numbers_go_and_any_dyno_without_one(
    dyno: str, kept: int, goes: str
) -> None:
    assert is_removed(dyno, {"worker": kept}) == (goes == "yes")
    assert not is_removed(dyno, {"mailer": 0})
