"""DEMO_SECONDS."""

from __future__ import annotations

import pytest

from demo.duration import SHORTEST, BadDuration, read_duration


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        pytest.param({}, None, id="unset: until Ctrl-C"),
        pytest.param({"DEMO_SECONDS": " "}, None, id="empty counts as unset"),
        pytest.param({"DEMO_SECONDS": "60"}, 60, id="a minute"),
        pytest.param({"DEMO_SECONDS": str(SHORTEST)}, SHORTEST, id="the shortest"),
        pytest.param({"DEMO_SECONDS": "86400"}, 86_400, id="the longest"),
    ],
)
def test_the_seconds(environ, seconds):
    assert read_duration(environ) == seconds


@pytest.mark.parametrize(
    "text", ["abc", "0", "-60", str(SHORTEST - 1), "86401", "60.5", "1e2", "9" * 5000]
)
def test_what_is_refused(text):
    with pytest.raises(BadDuration) as caught:
        read_duration({"DEMO_SECONDS": text})

    assert str(caught.value) == (
        f"DEMO_SECONDS = {text!r}, must be an integer from 20 to 86400, or unset to "
        "run until Ctrl-C"
    )
