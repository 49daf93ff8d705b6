"""What `docs/policies.md` shows is what happens: its examples are replayed.

A block of the kind `console` is a session at a terminal. Its commands are run,
on a world in memory, and have to print what the block says. What the world is
like stands in a comment before the block:

    <!-- world: dynos=5 counts=44,44,5 -->

The process type `worker` has that many dynos. The counts are polled one after
the other, `every` so many seconds (10), before the first command that evaluates;
for the last one they are the answer. `hand=8` are the dynos that a person asks
for before that, `released=60` the seconds since a release, `max=3` the most dynos
that the environment says, `at=` the time.
"""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from devtools.procfile import ROOT
from scalar.cli.main import main
from scalar.core.formation import ProcessType
from scalar.core.policy.schedule_text import read_schedule
from scalar.core.policy.values import VALUES, read_value
from scalar.formats import parse_answer
from scalar.formats.rich import MEDIA_TYPE
from scalar.settings import SETTINGS
from tests.unit.world import World
from tests.unit.world_cli import WorldTools

DOCUMENT = (ROOT / "docs" / "policies.md").read_text()
IMAGES = ROOT / "docs" / "images"
CONSOLE = re.compile(
    r"(?:<!-- world: (?P<facts>[^>]+) -->\n)?```console\n(?P<body>.*?)```", re.DOTALL
)
EVALUATING = ("check-app", "poll")
#: What an app may say beside the count.
MORE = {"at_least", "latency", "next_eta", "stranded"}


def examples():
    """Return each block of the kind `console`, with the world it begins in."""
    return [
        pytest.param(
            dict(part.split("=") for part in (found["facts"] or "").split()),
            found["body"],
            id=f"line {DOCUMENT.count(chr(10), 0, found.start('body'))}",
        )
        for found in CONSOLE.finditer(DOCUMENT)
    ]


class Session:
    """A terminal, and the world that its commands work on."""

    def __init__(self, facts) -> None:
        self.facts = facts
        self.world = World()
        if "at" in facts:
            start = datetime.fromisoformat(facts["at"]).replace(tzinfo=UTC)
            self.world.clock.walk((start - self.world.clock.now()).total_seconds())
        size = facts.get("size", "Standard-1X")
        self.world.add(worker=int(facts.get("dynos", 0)), size=size)
        if "max" in facts:
            self.world.environment = {"max": facts["max"]}
        self.counts = facts["counts"].split(",") if "counts" in facts else []

    def type(self, line):
        """Return what a command prints."""
        _, _, *arguments = shlex.split(line)
        if arguments[0] in EVALUATING and self.counts:
            self.live_until_now()
        tools = WorldTools(self.world)
        return CliRunner().invoke(main, arguments, obj=lambda: tools).output

    def live_until_now(self):
        """Poll all counts but the last one, which is the answer from now on."""
        *earlier, last = self.counts
        self.counts = []
        every = int(self.facts.get("every", 10))
        for count in earlier:
            self.report(count)
            self.world.poll(seconds=every)
        self.report(last)
        self.world.clock.walk(every)
        platform, now = self.world.platform, self.world.clock.now()
        if "hand" in self.facts:
            row = ProcessType(int(self.facts["hand"]), "Standard-1X")
            platform.formations["shop"]["worker"] = row
        if "released" in self.facts:
            ago = timedelta(seconds=int(self.facts["released"]))
            platform.releases["shop"] = now - ago

    def report(self, count):
        said = {part: json.loads(self.facts[part]) for part in MORE & self.facts.keys()}
        if "busy" in self.facts:
            said["busy_dynos"] = self.facts["busy"].split(",")
        worker = {"count": json.loads(count), **said}
        body = json.dumps({"version": 1, "process_types": {"worker": worker}})
        self.world.report(parse_answer(body.encode(), MEDIA_TYPE))


def replay(facts, body):
    """Return a block with what its commands really print."""
    session = Session(facts)
    commands = [line for line in body.splitlines() if line.startswith("$ ")]
    return "".join(f"{line}\n{session.type(line[2:])}" for line in commands)


@pytest.mark.parametrize(("facts", "body"), examples())
def test_an_example_prints_what_it_shows(facts, body, monkeypatch, tmp_path):
    (tmp_path / "fleet.yaml").write_text(sample_of_a_fleet())
    monkeypatch.chdir(tmp_path)

    assert replay(facts, body) == body


def sample_of_a_fleet():
    """Return the YAML file that the document shows."""
    return re.search(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)[1]


def test_every_value_has_its_section():
    named = re.findall(r"^##.*$", DOCUMENT, re.MULTILINE)

    titles = "\n".join(named)
    assert [v.name for v in VALUES if f"`{v.name}`" not in titles] == []


def test_every_variable_and_option_of_a_value_is_named():
    wanted = [v.variable or v.name for v in VALUES]

    assert [name for name in wanted if f"`{name}`" not in DOCUMENT] == []


def test_every_plot_that_is_shown_is_there_and_the_other_way_round():
    shown = re.findall(r"!\[[^\]]+\]\(images/([^)]+)\)", DOCUMENT)

    assert sorted(shown) == sorted(file.name for file in IMAGES.iterdir())


def test_the_plots_are_small():
    assert [f.name for f in IMAGES.iterdir() if f.stat().st_size > 60_000] == []


def typed_lines():
    """Return all that the document lets somebody type after `python cli.py`."""
    lines = re.findall(r"python cli\.py ([^\n`]+)", DOCUMENT)
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize("line", typed_lines())
def test_a_command_can_be_typed_as_it_is_shown(line):
    arguments = shlex.split(line, comments=True)

    with main.make_context("cli.py", list(arguments)) as group:
        name, command, rest = main.resolve_command(group, arguments)
        with command.make_context(name, rest, parent=group) as context:
            values = context.params if name == "set-policy" else {}
    for value in VALUES:
        if text := values.get(value.name):
            read_value(value.name, text)


def test_every_variable_that_is_set_exists():
    known = {s.name for s in SETTINGS} | {v.variable for v in VALUES}
    lines = re.findall(r"heroku config:set (.+)", DOCUMENT)

    assert lines
    assert {name for line in lines for name in re.findall(r"(\w+)=", line)} <= known


def test_every_schedule_that_is_shown_can_be_read():
    blocks = re.findall(r"```schedule\n(.*?)```", DOCUMENT, re.DOTALL)

    assert blocks
    assert all(read_schedule(block) for block in blocks)


def test_the_nights_of_daylight_saving_are_as_long_as_the_table_says():
    schedule = read_schedule("Europe/Berlin: daily 01:30-03:30 min=3")
    rows = re.findall(r"^\| (2026-\S+) \|.*\| (.+) \|$", DOCUMENT, re.MULTILINE)

    assert len(rows) == 3
    assert [(day, hours_open(schedule, day)) for day, _ in rows] == rows


def hours_open(schedule, day):
    """Return how long a schedule's window is open around a night, as text."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=6)
    minutes = [start + timedelta(minutes=n) for n in range(18 * 60)]
    return f"{sum(map(bool, map(schedule.window_at, minutes))) / 60:g} h"


def test_the_script_draws_each_plot_that_is_shown():
    script = Path(ROOT / "docs" / "plots" / "stories.py").read_text()
    shown = re.findall(r"images/policy-([^)]+)\.svg", DOCUMENT)

    assert [name for name in shown if f'"{name}"' not in script] == []
