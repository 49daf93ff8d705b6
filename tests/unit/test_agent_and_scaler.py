"""The scaler reads what the agent serves, and both match the schema."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scalar_agent.report import PLAIN_TYPE, RICH_TYPE, plain, rich
from scalar_agent.work import Work

from devtools.procfile import ROOT
from scalar.core.reading import Reading, Unknown
from scalar.formats import parse_answer
from scalar.formats.rich import MEDIA_TYPE, VERSION

SCHEMA = json.loads(files("scalar_agent").joinpath("counts-v1.schema.json").read_text())
VALID = jsonschema.Draft202012Validator(SCHEMA)

seconds = st.floats(0, 10**9)
counts = st.integers(0, 10**9)
words = st.text(min_size=1, max_size=40)


@st.composite
def works(draw):
    """Return the work of a process type `worker`."""
    count = draw(st.none() | counts)
    unknown = {} if count is not None else {"count": draw(words)}
    latency = draw(st.none() | (st.just(0.0) if count == 0 else seconds))
    if latency is None:
        unknown["latency"] = draw(words)
    numbers = draw(st.none() | st.sets(st.integers(1, 99), max_size=4))
    form = draw(st.sampled_from(["worker.{}", "worker-2z3-w78{:02}"]))
    busy = None if numbers is None else tuple(map(form.format, sorted(numbers)))
    if busy is None and draw(st.booleans()):
        unknown["busy_dynos"] = draw(words)
    return Work(
        count,
        at_least=0 if count is not None else draw(counts),
        latency=latency,
        busy_dynos=busy,
        next_eta=draw(st.none() | seconds),
        stranded=draw(st.integers(0, count or 0)),
        unknown=unknown,
    )


@given(works())
def test_the_scaler_reads_what_the_agent_serves(work):
    body = rich({"worker": work})
    reading = parse_answer(body, RICH_TYPE)["worker"]

    VALID.validate(json.loads(body))
    assert (work.count is None) == isinstance(reading.count, Unknown)
    if work.count is None:
        assert reading.count.at_least == work.at_least
        assert reading.stranded == 0
    else:
        assert (reading.count, reading.stranded) == (work.count, work.stranded)
    assert isinstance(reading.latency, Unknown) == (work.latency is None)
    if work.latency is not None:
        assert reading.latency == pytest.approx(work.latency, abs=0.001)
    if work.busy_dynos is not None:
        assert reading.busy == {
            int(name[7:]) if "." in name else name for name in work.busy_dynos
        }
    else:
        assert isinstance(reading.busy, Unknown) == ("busy_dynos" in work.unknown)
    if work.next_eta is None:
        assert reading.next_eta is None
    else:
        assert reading.next_eta == pytest.approx(work.next_eta, abs=0.001)


@given(works())
def test_the_plain_form_has_only_the_count(work):
    reading = parse_answer(plain({"worker": work}), PLAIN_TYPE)["worker"]

    if work.count is None:
        assert isinstance(reading.count, Unknown)
    else:
        assert reading == Reading(work.count)


def test_agent_and_scaler_agree_on_media_type_and_version():
    assert MEDIA_TYPE == RICH_TYPE
    assert SCHEMA["properties"]["version"]["const"] == VERSION


def test_the_example_in_the_agents_readme_is_valid_and_is_read():
    text = (ROOT / "agent" / "README.md").read_text()
    example = re.search(r"```json\n(.*?)```", text, re.DOTALL)[1]
    readings = parse_answer(example.encode(), RICH_TYPE)

    VALID.validate(json.loads(example))
    assert readings["worker"].busy == {2}
    assert readings["mailer"].count.at_least == 3
