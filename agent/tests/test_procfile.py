"""Queues and pools from a Procfile."""

from __future__ import annotations

from pathlib import Path

import pytest

from scalar_agent.procfile import (
    ProcfileError,
    pools_from_procfile,
    queues_from_procfile,
)


@pytest.mark.parametrize(
    ("command", "queues"),
    [
        pytest.param("celery -A app worker -Q a,b", ("a", "b"), id="-Q a,b"),
        pytest.param("celery -A app worker -Qa,b", ("a", "b"), id="-Qa,b"),
        pytest.param("celery -A app worker --queues a", ("a",), id="--queues a"),
        pytest.param("celery -A app worker --queues=a,b", ("a", "b"), id="--queues="),
        pytest.param("celery -A app worker -Q 'a, b'", ("a", "b"), id="quoted, spaces"),
        pytest.param("celery -A app worker -Q a -Q b", ("b",), id="the last -Q wins"),
        pytest.param("celery -A app worker", ("celery",), id="default queue"),
        pytest.param("celery --app=app worker -c 4 -Q a", ("a",), id="other options"),
        pytest.param("celery worker -A app -Q a", ("a",), id="options of Celery 4"),
        pytest.param("celery -A worker worker -B -Q a", ("a",), id="app named worker"),
        pytest.param("A=1 B='2 3' celery -A app worker -Q a", ("a",), id="environment"),
        pytest.param("exec celery -A app worker -Q a", ("a",), id="exec"),
        pytest.param("python -m celery -A app worker -Qa", ("a",), id="python -m"),
        pytest.param(".venv/bin/celery -A app worker -Qa", ("a",), id="path"),
        pytest.param("cd src && celery -A app worker -Q a", ("a",), id="after &&"),
        pytest.param("cd src&&celery -A app worker -Q a", ("a",), id="after && bare"),
        pytest.param("celery -A app worker -Q a; date -Q b", ("a",), id="before ;"),
        pytest.param("bash -c 'celery -A app worker -Q a'", ("a",), id="bash -c"),
        pytest.param(
            "celery -A app worker -Q a & celery -A app worker -Q b,a",
            ("a", "b"),
            id="two workers",
        ),
        pytest.param(
            "celery -A app worker -n $DYNO@%h -c ${WORKERS:-4} -Q a",
            ("a",),
            id="variables elsewhere",
        ),
        pytest.param("rq worker high low", ("high", "low"), id="rq"),
        pytest.param("rq worker", ("default",), id="rq, default queue"),
        pytest.param(
            "rq worker -b -u $REDIS_URL --name $DYNO@x --with-scheduler high",
            ("high",),
            id="rq, options",
        ),
        pytest.param("rq worker -n $DYNO@$(hostname -s) a", ("a",), id="rq, $()"),
        pytest.param('rq worker -n "$DYNO@$(hostname)" a', ("a",), id="rq, quoted $()"),
        pytest.param("rq worker a b 2>&1 | tee log", ("a", "b"), id="redirected"),
        pytest.param("rq worker a > log b", ("a",), id="redirected to a file"),
        pytest.param("rq worker -ds random high", ("high",), id="rq, -ds"),
        pytest.param("rq worker-pool -n 3 high low", ("high", "low"), id="rq's pool"),
        pytest.param("python manage.py rqworker high", ("high",), id="django-rq"),
    ],
)
def test_the_queues_of_a_worker(command: str, queues: tuple[str, ...]) -> None:
    assert queues_from_procfile(f"worker: {command}") == {"worker": queues}


@pytest.mark.parametrize(
    "command",
    [
        "gunicorn app:app",
        "celery -A app beat -S worker",
        "celery -A worker flower",
        "rq info worker",
        "python worker.py -Q a",
    ],
)
def test_a_process_type_without_worker_is_left_out(command: str) -> None:
    assert queues_from_procfile(f"one: {command}") == {}


def test_a_whole_procfile(tmp_path: Path) -> None:
    text = """\
# comment: celery -A app worker -Q never
release: python manage.py migrate
web: gunicorn app:app --access-logfile -

worker: celery -A app worker -P solo
mailer:   celery -A app worker -Q mail,bulk --pool=threads
fetcher: rq worker fetch
"""
    path = tmp_path / "Procfile"
    path.write_text(text)
    expected = {"worker": ("main",), "mailer": ("mail", "bulk"), "fetcher": ("fetch",)}

    assert queues_from_procfile(text, "main") == expected
    assert queues_from_procfile(path, "main") == expected
    assert queues_from_procfile(str(path), "main") == expected
    assert pools_from_procfile(path) == {"worker": "solo", "mailer": "threads"}


@pytest.mark.parametrize(
    ("options", "pool"),
    [
        ("", "prefork"),
        ("-P solo", "solo"),
        ("-Psolo", "solo"),
        ("--pool solo", "solo"),
        ("--pool=gevent", "gevent"),
    ],
)
def test_the_pool_of_a_worker(options: str, pool: str) -> None:
    text = f"worker: celery -A app worker {options} -Q a"

    assert pools_from_procfile(text) == {"worker": pool}


def test_one_solo_worker_in_a_line_makes_the_process_type_solo() -> None:
    text = "worker: celery -A a worker -P solo & celery -A b worker -P threads"

    assert pools_from_procfile(text) == {"worker": "solo"}


@pytest.mark.parametrize(
    "options",
    [
        "-Q $QUEUES",
        "-Q a,$MORE",
        "-Q `cat q`",
        '--queues="${QUEUES:-a}"',
        "$OPTIONS",
        "-Q a)",
    ],
)
def test_a_variable_is_an_error_that_names_the_line_and_the_way_out(
    options: str,
) -> None:
    text = f"web: gunicorn app\n\nworker: celery -A app worker {options}\n"

    with pytest.raises(ProcfileError) as caught:
        queues_from_procfile(text)

    message = str(caught.value)
    assert message.startswith("line 3 of the Procfile (worker) has ")
    assert '{"worker": ["queue"]}' in message


def test_a_variable_for_queues_of_rq_or_the_pool_is_an_error() -> None:
    with pytest.raises(ProcfileError):
        queues_from_procfile("worker: rq worker $QUEUES")
    with pytest.raises(ProcfileError):
        pools_from_procfile("worker: celery -A app worker -P $POOL")


def test_an_open_quote_is_an_error_only_in_a_worker_s_line() -> None:
    assert queues_from_procfile("web: echo it's fine") == {}
    with pytest.raises(
        ProcfileError, match=r"line 1 of the Procfile \(worker\) cannot"
    ):
        queues_from_procfile("worker: celery -A app worker -Q 'a")


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        queues_from_procfile(tmp_path / "Procfile")


@pytest.mark.parametrize(
    ("command", "queues"),
    [
        ("celery -A app worker --exclude-queues=slow -Q fast,slow", ("fast",)),
        ("celery -A app worker -Q a,b,c -X b,c", ("a",)),
        ("rq worker --config settings high", ("high",)),
        ("python manage.py rqworker-pool high low --num-workers 2", ("high", "low")),
    ],
)
def test_queues_that_are_left_out_or_named_beside_a_module(command, queues):
    assert queues_from_procfile(f"worker: {command}\n") == {"worker": queues}


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("celery -A app worker -X slow", "but those after -X"),
        ("celery -A app worker -Q a -X a", "leaves out every queue"),
        ("rq worker -c settings", "from its settings module"),
        ("celery multi start w1 w2 -A app -Q:w1 a -Q:w2 b", "celery multi"),
    ],
)
def test_queues_that_cannot_be_known_are_an_error(command, reason):
    with pytest.raises(ProcfileError, match=reason) as raised:
        queues_from_procfile(f"web: gunicorn app\nworker: {command}\n")

    assert str(raised.value).startswith("line 2 of the Procfile (worker) ")
