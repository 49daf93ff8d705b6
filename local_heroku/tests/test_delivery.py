"""Faults as a client on a real connection sees them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from local_heroku.process import start
from local_heroku.tests.waiting import wait_until

FORMATION = "/apps/shop/formation"
HEADERS = {"Accept": "application/vnd.heroku+json; version=3"}


@pytest.fixture(scope="module")
def server():
    with start(boot_seconds=0) as heroku:
        yield heroku


@pytest.fixture
def heroku(server):
    server.clear()
    server.create_app("shop", {"web": 1, "worker": 2})
    return server


@pytest.fixture
def api(heroku):
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update(HEADERS)
        session.auth = ("", heroku.token)

        def ask(method="GET", path=FORMATION, **options):
            return session.request(
                method, heroku.url + path, **{"timeout": 5, **options}
            )

        yield ask


def scale_to_five(api):
    return api("PATCH", json={"updates": [{"type": "worker", "quantity": 5}]})


def last(heroku):
    """Return fault and status of the last request in the log."""
    entry = heroku.requests()[-1]
    return entry.fault, entry.status


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422, 429, 500, 502, 503])
def test_a_status_happens_as_often_as_asked_and_then_no_more(api, heroku, status):
    heroku.fail(status, times=2)
    statuses = [api().status_code for _ in range(3)]

    assert statuses == [status, status, 200]


def test_the_body_of_a_status_is_as_asked(api, heroku):
    heroku.fail(403, error_id="suspended", message="Gone fishing.", extra={"x": 1})

    assert api().json() == {"id": "suspended", "message": "Gone fishing.", "x": 1}


def test_a_reset_comes_before_the_answer(api, heroku):
    heroku.fail("reset")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        scale_to_five(api)

    assert heroku.formation("shop")["worker"] == 2
    assert last(heroku) == ("reset", None)


def test_apply_then_reset_leaves_the_write_in_force(api, heroku):
    heroku.fail("apply_then_reset", method="PATCH")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        scale_to_five(api)

    assert heroku.formation("shop")["worker"] == 5
    assert last(heroku) == ("apply_then_reset", None)


def test_a_cut_answer_is_shorter_than_it_says(api, heroku):
    heroku.fail("cut")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="Incomplete"):
        api()

    assert last(heroku) == ("cut", None)


def test_non_json_is_200_and_a_page(api, heroku):
    heroku.fail("non_json")
    answer = api()

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_partial_list_is_206_and_goes_on_where_it_ended(api, heroku):
    heroku.fail("partial")
    first = api()
    rest = api(headers={"Range": first.headers["Next-Range"]})

    assert (first.status_code, rest.status_code) == (206, 200)
    assert len(first.json()) == 1
    assert {row["type"] for row in first.json() + rest.json()} == {"web", "worker"}


def test_a_hang_answers_nothing_and_changes_nothing(api, heroku):
    heroku.fail("hang")
    with pytest.raises(requests.ReadTimeout):
        api("PATCH", json={"updates": []}, timeout=0.2)

    assert last(heroku) == ("hang", None)


def test_latency_outlasts_an_impatient_client_but_the_write_is_in_force(api, heroku):
    heroku.fail("latency", seconds=20)
    body = {"updates": [{"type": "worker", "quantity": 5}]}
    with pytest.raises(requests.ReadTimeout):
        api("PATCH", json=body, timeout=0.2)

    assert heroku.formation("shop")["worker"] == 5


def test_a_late_answer_is_whole(api, heroku):
    heroku.fail("latency", seconds=0.05)

    assert api().status_code == 200
    assert last(heroku) == ("latency", 200)


def test_a_drip_gives_the_read_timeout_no_chance(api, heroku):
    """The pause between two bytes is shorter than the timeout of a read."""
    heroku.fail("drip", seconds=0.001)
    answer = api(timeout=0.5)

    assert len(answer.json()) == 2
    # The server writes it down when its last byte is on its way.
    wait_until(lambda: last(heroku) == ("drip", 200))


def test_a_client_that_gives_up_on_a_drip_is_let_go(api, heroku):
    heroku.fail("drip", seconds=20)
    with pytest.raises(requests.ConnectionError, match="Read timed out"):
        api(timeout=0.2)

    assert last(heroku) == ("drip", None)
    assert api().status_code == 200


def test_a_fault_is_for_one_app_and_one_method(api, heroku):
    heroku.create_app("other", {"web": 1})
    heroku.fail(503, app="other", method="GET", times=None)
    statuses = [
        api().status_code,
        api(path="/apps/other/formation").status_code,
        api("PATCH", "/apps/other/formation", json={"updates": []}).status_code,
    ]

    assert statuses == [200, 503, 200]


def test_every_second_request_fails(api, heroku):
    heroku.fail(500, every=2, times=2)

    assert [api().status_code for _ in range(5)] == [200, 500, 200, 500, 200]


def test_clearing_the_faults_ends_what_hangs(api, heroku):
    """The hang would last for 60 s, the client for 5."""
    heroku.fail("latency", seconds=60)
    heroku.fail("reset", path="/never")

    def hanging():
        return any(entry.fault == "latency" for entry in heroku.requests())

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(api)
        wait_until(hanging)
        heroku.clear_faults()

        assert answer.result().status_code == 200
    assert heroku.faults() == []
