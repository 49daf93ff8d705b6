"""Any command line ends with a status and a clear message, and hides the password."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scalar.cli import evaluations
from scalar.cli.main import main
from scalar.core.policy.values import VALUES
from tests.support.cli import Cli, logging_restored, toolboxes_closed
from tests.support.environment import VARIABLES

SECRET = "Zq7xW3kPv9"
#: Nothing listens here, so every connection is refused at once.
NOWHERE = "127.0.0.1:1"
#: Without commands that query workers: they are slow and have their own tests.
COMMANDS = sorted(set(main.commands) - {"doctor"})
FINE, FAILED, WRONG_USAGE = 0, 1, 2

urls = st.sampled_from(
    [
        f"http://{NOWHERE}/counts",
        f"http://user:{SECRET}@{NOWHERE}/",
        f"http://{SECRET}@{NOWHERE}/?x",
        f"http://user:pa/ss{SECRET}@{NOWHERE}/",
        f"http://user:it's{SECRET}@{NOWHERE}/",
        f"http://user:{SECRET}@",
        f"http://user:{SECRET}@{NOWHERE}/hirefire/{SECRET}/info",
        f"http://{NOWHERE}/hirefire/{SECRET}/info",
        f"redis://:{SECRET}@{NOWHERE}/0",
        f"amqps://user:{SECRET}@{NOWHERE}/vhost",
        f"ftp://user:{SECRET}@{NOWHERE}/",
        f"HTTP://user:{SECRET}@[::1]:1/",
        f"https://user:{SECRET}@{NOWHERE}:99999/#x",
    ]
)
words = st.sampled_from(
    [
        *("shop", "other", "worker", "Shop!", "", "-", "--", "none", "resumed"),
        *("0", "-1", "10", "5m", "99999999d", "1e400", "nan", "18:00", "24:00"),
        *("2026-13-01T00:00", "9999-12-31T23:59-23:59", "Europe/Berlin", "../zone"),
        *("UTC: daily 00:00-24:00 min=1", "worker=celery", "=", "worker="),
        *("scalar", "celery", "hirefire", "fleet.yaml", "there/is/none", "."),
    ]
)


def harmless(text):
    """Return whether a text does not contain the password."""
    return SECRET not in text  # Hypothesis also tries string literals of this file


#: No argument can contain NUL; a lone surrogate stands for an invalid UTF-8 byte.
anything = st.text(
    st.characters(exclude_characters="\x00/", exclude_categories=["Cs"])
    | st.sampled_from("\udcff\n\r\x1b\u2028"),
    max_size=12,
).filter(harmless)
values = words | urls | anything


@st.composite
def command_lines(draw):
    """Draw a command, with its own and foreign options, with and without values."""
    name = draw(st.sampled_from(COMMANDS) | values)
    options = [
        option
        for parameter in (main.commands[name].params if name in COMMANDS else ())
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    ]
    typed = [name]
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["value", "option", "both", "joined"]))
        option = draw(st.sampled_from(options or ["--json"]))
        if kind == "value":
            typed.append(draw(values))
        elif kind == "option":
            typed.append(option)
        elif kind == "both":
            typed += [option, draw(values)]
        else:
            typed.append(f"{option}={draw(values)}")
    return typed


def _interrupted(_seconds):
    """End `events --follow`, as Ctrl-C does."""
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a command in a folder of its own, on a database with one app."""
    folder = tmp_path_factory.mktemp("cli")
    env = {
        **dict.fromkeys(VARIABLES),
        "DATABASE_URL": f"sqlite:///{folder}/registry.sqlite3",
        "REDIS_URL": f"redis://{NOWHERE}/0",
        "HEROKU_API_URL": f"http://{NOWHERE}",
        "SCALAR_SECRET_KEY": Fernet.generate_key().decode(),
        "APP_TOTAL_TIMEOUT": "0.5",
    }
    cli = Cli({name: value for name, value in env.items() if value})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(evaluations, "wait", _interrupted)
        cli("initialise-project")
        cli("add-app", "shop", f"http://user:{SECRET}@{NOWHERE}/", "--no-check")

        def run(typed, standard_input=""):
            with logging_restored(), toolboxes_closed() as make_tools:
                return CliRunner().invoke(
                    main,
                    typed,
                    input=standard_input,
                    env=env,
                    prog_name="cli.py",
                    obj=make_tools,
                )

        yield run


def assert_clear(result):
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code in {FINE, FAILED, WRONG_USAGE}
    assert "Traceback" not in result.output
    assert SECRET not in result.output
    if result.exit_code == WRONG_USAGE:
        *_, last = result.stderr.splitlines()
        assert last.startswith("Error: ")
    if result.exit_code != FINE:
        assert result.output.strip()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_without_arguments_ends_clearly(run, name):
    assert_clear(run([name]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(command_lines())
@example(["add-app", "other", f"http://user:{SECRET}@{NOWHERE}/", "--no-check"])
@example(["export", f"http://user:{SECRET}@{NOWHERE}/"])
@example(["list-apps", f"http://user:it's{SECRET}@{NOWHERE}/"])
@example(["list-apps", f"http://user:pa/ss{SECRET}@{NOWHERE}/"])
@example(["resume-app", "shop", f"http://user:{SECRET}@{NOWHERE}/"])
@example(["apply", f"http://user:{SECRET}@{NOWHERE}/"])
def test_any_command_line_ends_clearly(run, typed):
    assert_clear(run(typed))


@given(st.text(max_size=40).filter(harmless), st.booleans())
def test_any_fleet_file_ends_clearly(run, text, is_nested):
    inside = f"apps:\n  shop:\n    url: http://user:{SECRET}@{NOWHERE}/\n    {text}\n"

    assert_clear(run(["apply", "-", "--dry-run"], inside if is_nested else text))


@given(st.sampled_from([value.option for value in VALUES]), anything | words)
def test_any_policy_value_ends_clearly(run, option, text):
    assert_clear(run(["set-policy", "shop", f"{option}={text}"]))
