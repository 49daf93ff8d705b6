"""Faults as a client sees them on a real connection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from local_heroku.tests.waiting import wait_until

FORMATION = "/apps/shop/formation"

pytestmark = pytest.mark.usefixtures("shop")


def logged(heroku):
    """Return fault and status of the last request in the log."""
    entry = heroku.requests()[-1]
    return entry.fault, entry.status


def test_a_status_fault_has_its_body_and_strikes_its_requests_only(api, heroku, shop):
    heroku.create_app("shop-two", {"web": 1})
    heroku.fail(
        403,
        method="GET",
        path="/apps/shop",
        app="shop",
        times=2,
        every=2,
        error_id="suspended",
        message="Gone fishing.",
        extra={"x": 1},
    )
    others = [
        api("GET", "/apps/shop-two/formation"),  # another app
        api("GET", f"/apps/{shop.id}/formation"),  # another path
        api("PATCH", FORMATION, json={"updates": []}),  # another method
    ]
    answers = [api("GET", FORMATION) for _ in range(6)]

    assert [answer.status_code for answer in others] == [200, 200, 200]
    assert [answer.status_code for answer in answers] == [200, 403, 200, 403, 200, 200]
    assert answers[1].json() == {"id": "suspended", "message": "Gone fishing.", "x": 1}


@pytest.mark.parametrize(
    ("fault", "error", "workers"),
    [
        pytest.param("reset", "reset by peer", 2, id="reset"),
        pytest.param("apply_then_reset", "reset by peer", 5, id="apply_then_reset"),
        pytest.param("hang", "timed out", 2, id="hang"),
        pytest.param("latency", "timed out", 5, id="latency"),
    ],
)
def test_a_write_without_an_answer(api, heroku, fault, error, workers):
    """Some faults strike before the write takes effect, others after."""
    heroku.fail(fault, method="PATCH", seconds=20)
    body = {"updates": [{"type": "worker", "quantity": 5}]}
    with pytest.raises(requests.RequestException, match=error):
        api("PATCH", FORMATION, json=body, timeout=0.2)

    assert heroku.formation("shop")["worker"] == workers
    assert logged(heroku) == (fault, None)


def test_a_cut_answer_is_shorter_than_its_declared_length(api, heroku):
    heroku.fail("cut")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="Incomplete"):
        api("GET", FORMATION)

    assert logged(heroku) == ("cut", None)


def test_non_json_is_200_with_a_page_of_html(api, heroku):
    heroku.fail("non_json")
    answer = api("GET", FORMATION)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_partial_list_is_206_and_the_next_range_has_the_rest(api, heroku):
    heroku.fail("partial")
    first = api("GET", FORMATION)
    rest = api("GET", FORMATION, headers={"Range": first.headers["Next-Range"]})

    assert (first.status_code, rest.status_code) == (206, 200)
    assert len(first.json()) == 1
    assert {row["type"] for row in first.json() + rest.json()} == {"web", "worker"}


def test_a_late_answer_is_complete(api, heroku):
    heroku.fail("latency", seconds=0.05)

    assert api("GET", FORMATION).status_code == 200
    assert logged(heroku) == ("latency", 200)


def test_a_drip_never_trips_the_read_timeout(api, heroku):
    """The pause between two bytes is shorter than the timeout of a read."""
    heroku.fail("drip", seconds=0.001)
    answer = api("GET", FORMATION, timeout=0.5)

    assert len(answer.json()) == 2
    # The server logs the status after it has sent the last byte.
    wait_until(lambda: logged(heroku) == ("drip", 200))


def test_the_server_survives_a_client_that_gives_up_on_a_drip(api, heroku):
    heroku.fail("drip", seconds=20)
    with pytest.raises(requests.ConnectionError, match="timed out"):
        api("GET", FORMATION, timeout=0.2)

    assert logged(heroku) == ("drip", None)
    assert api("GET", FORMATION).status_code == 200


def test_clearing_the_faults_ends_those_under_way(api, heroku):
    """Otherwise the server would wait for 60 s, and the client give up after 5."""
    heroku.fail("latency", seconds=60)
    heroku.fail("reset", path="/never")

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(api, "GET", FORMATION)
        wait_until(heroku.requests)
        heroku.clear_faults()

        assert answer.result().status_code == 200
    assert heroku.faults() == []
