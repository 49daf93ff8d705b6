"""A misconfigured process exits at once, with one line."""

from __future__ import annotations

import pytest

from devtools.procfile import start_process
from tests.support.waiting import wait_until

LINES = ["release", "beat", "worker", "all-in-one"]


@pytest.mark.parametrize("line", LINES)
def test_a_bad_setting_ends_every_line(tmp_path, line):
    env = {"SLEEP_PERIOD": "0", "HEROKU_API_KEY": "hunter2"}
    with start_process(line, env, tmp_path / "log") as process:
        wait_until(lambda: not process.running)

        output = process.log_text()
        assert (
            output == "Configuration error: SLEEP_PERIOD = 0, must be from 1 to 86400\n"
        )
        assert process.terminate_like_heroku() == 2


@pytest.mark.parametrize("line", ["worker", "all-in-one"])
def test_a_missing_ca_file_ends_the_worker(tmp_path, line):
    env = {"TLS_CA_FILE": str(tmp_path / "none.pem"), "HEROKU_API_KEY": "hunter2"}
    with start_process(line, env, tmp_path / "log") as process:
        wait_until(lambda: not process.running)

        errors = [
            text
            for text in process.log_text().splitlines()
            if text.startswith("Configuration error: TLS_CA_FILE = ")
        ]
        assert len(errors) == 1
        assert process.terminate_like_heroku() == 2
