"""What the README says there is, is there, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

import click

from devtools.procfile import ROOT, line
from scalar.cli.main import main
from scalar.core.policy.values import PAUSES, VALUES
from scalar.core.reason import Reason
from scalar.settings import SETTINGS

README = (ROOT / "README.md").read_text()


def section(title: str) -> str:
    """Return the text under a heading, to the next one."""
    return README.split(f" {title}\n", 1)[1].split("\n#", 1)[0]


def names_in_table(title: str) -> list[str]:
    """Return the first word of each row, without its code marks."""
    rows = re.findall(r"^\| `([^`]+)`", section(title), re.MULTILINE)
    return [row.split()[0] for row in rows]


def test_every_setting_stands_in_the_table_as_it_is():
    rows = [
        f"| `{s.name}` | {f'`{s.default}`' if s.default else ''} | {s.meaning} |"
        for s in SETTINGS
    ]

    shown = [row.replace("|  |", "| |") for row in rows]
    assert [row for row in shown if row not in section("Settings")] == []
    assert len(names_in_table("Settings")) == len(SETTINGS)


def test_every_value_of_a_policy_stands_in_the_table_as_it_is():
    rows = [
        f"| `{value.variable}` | `{value.option}` | {value.meaning} |"
        for value in VALUES
        if value.name not in PAUSES
    ]
    table = section("The policy for all apps")

    assert [row for row in rows if row not in table] == []
    assert len(names_in_table("The policy for all apps")) == len(rows)


def test_every_command_is_described():
    assert set(names_in_table("Commands")) == set(main.commands)


def test_every_option_of_a_command_is_described():
    options = {
        option
        for command in main.commands.values()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }

    described = section("Commands") + section("The policy for all apps")
    missing = {option for option in options if option not in described}
    assert missing == set()


def test_every_reason_is_explained():
    explained = names_in_table("What each reason means")

    assert explained == [reason.value for reason in Reason]


def test_every_required_package_has_its_reason():
    named = re.findall(
        r"^(\./\w+|[A-Za-z0-9-]+(?=(?:\[\w+\])?==))",
        (ROOT / "requirements.txt").read_text(),
        re.MULTILINE,
    )
    table = section("Develop")

    assert [name for name in named if f"`{name}" not in table] == []


def test_every_file_that_is_linked_is_there():
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    links = [
        (document, target)
        for document in documents
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text())
        if "://" not in target
    ]
    broken = [link for link in links if not (link[0].parent / link[1]).exists()]

    assert links
    assert broken == []


def test_the_lines_of_the_procfile_that_it_names_are_there():
    named = set(re.findall(r"\b([a-z-]+)=[01]\b", section("Deploy it to Heroku")))

    assert named
    assert all(line(name) for name in named)


def test_no_document_names_a_path_of_somebodys_machine():
    documents = [ROOT / "README.md", *Path(ROOT / "docs").glob("*.md")]
    homes = re.compile(r"(?<![\w.])/(?:home|root|Users)/")

    assert [d.name for d in documents if homes.search(d.read_text())] == []


MAPS = ("docs/architecture.md", "docs/decisions.md", "CONTRIBUTING.md", "README.md")
#: Tables of the docs that say: `NAME` in `file`.
NAME_IN_FILE = re.compile(r"`([A-Za-z_.]+)`\s+in\s+`([\w/]+\.py)`")


def found(path: str) -> list[Path]:
    """Return what the docs mean by a path, from the root or from `scalar/`."""
    places = (ROOT / path, ROOT / "scalar" / path)
    return [place for place in places if place.exists()]


def test_every_file_that_the_docs_name_is_there():
    named = {
        (page, path)
        for page in MAPS
        for path in re.findall(r"`([\w./-]+/[\w.-]*)`", (ROOT / page).read_text())
        if path.endswith((".py", "/")) and not path.startswith("api/")
    }

    assert [one for one in sorted(named) if not found(one[1])] == []


def test_every_name_that_the_docs_place_in_a_file_is_there():
    named = [
        (name.rpartition(".")[2], path)
        for page in MAPS
        for name, path in NAME_IN_FILE.findall((ROOT / page).read_text())
    ]

    assert len(named) > 10
    assert [
        (name, path)
        for name, path in named
        if not any(
            re.search(rf"^\s*(?:class |def )?{name}\b", place.read_text(), re.MULTILINE)
            for place in found(path)
        )
    ] == []
