"""The dyno in a worker's name."""

from __future__ import annotations

from typing import Optional

import pytest

from scalar_agent.dynos import dyno_of, process_type_of


@pytest.mark.parametrize(
    ("name", "dyno"),
    [
        ("worker.2@8f3a", "worker.2"),
        ("celery@worker.2", "worker.2"),
        ("worker.2", "worker.2"),
        ("mail-er_1.13@host.example.com", "mail-er_1.13"),
        ("run.4321@host", "run.4321"),
        ("worker.2@mailer.3", "worker.2"),
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
