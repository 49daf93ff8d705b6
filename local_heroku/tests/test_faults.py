"""Which fault strikes which request, and how a fault is described."""

from __future__ import annotations

import pytest

from local_heroku.errors import ApiError
from local_heroku.fault_spec import read_fault
from local_heroku.faults import FaultKind, Faults
from local_heroku.tests.schema import valid


def faults(*described):
    found = Faults()
    found.all = [read_fault(str(n), fault) for n, fault in enumerate(described)]
    return found


def strikes(found, number, method="GET", path="/apps/shop/formation", app="shop"):
    """Make so many requests; return the id of the fault that each one gets."""
    chosen = [found.next_for(method, path, app) for _ in range(number)]
    return [fault and fault.id for fault in chosen]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, ["0", None, None], id="once by default"),
        pytest.param({"times": 2}, ["0", "0", None], id="so many times"),
        pytest.param({"times": None}, ["0", "0", "0"], id="always"),
        pytest.param(
            {"times": 2, "every": 3},
            [None, None, "0", None, None, "0", None, None, None],
            id="every third request, twice",
        ),
    ],
)
def test_how_often_a_fault_strikes(options, expected):
    assert strikes(faults({"kind": "reset", **options}), len(expected)) == expected


def test_the_oldest_of_two_faults_goes_first():
    assert strikes(faults({"kind": "reset"}, {"kind": "cut"}), 3) == ["0", "1", None]


@pytest.mark.parametrize(
    ("limit", "hit", "missed"),
    [
        ({"method": "patch"}, {"method": "PATCH"}, {"method": "GET"}),
        ({"app": "shop"}, {"app": "shop"}, {"app": "other"}),
        ({"path": "/apps/shop"}, {"path": "/apps/shop/dynos"}, {"path": "/account"}),
    ],
)
def test_a_fault_can_be_limited_to_a_method_an_app_or_a_path(limit, hit, missed):
    found = faults({"kind": "reset", **limit})

    assert strikes(found, 1, **missed) == [None]
    assert strikes(found, 1, **hit) == ["0"]


@pytest.mark.parametrize(
    ("status", "error_id"),
    [
        (400, "bad_request"),
        (401, "unauthorized"),
        (402, "delinquent"),
        (403, "forbidden"),
        (404, "not_found"),
        (422, "invalid_params"),
        (429, "rate_limit"),
        (500, "internal_server_error"),
        (503, "service_unavailable"),
        (502, "error"),
    ],
)
def test_a_status_fault_has_the_body_of_a_real_error(status, error_id):
    error = read_fault("0", {"kind": "status", "status": status}).error()

    assert (error.status, error.body["id"]) == (status, error_id)
    assert valid(error.body, "error")


def test_the_body_of_a_status_fault_can_be_chosen():
    described = {
        "kind": "status",
        "status": 422,
        "error_id": "cannot_run_above_limit",
        "message": "Cannot run more than 2 Eco size dynos.",
        "extra": {"limit": 2, "status": "as you like"},
    }

    assert read_fault("0", described).error().body == {
        "id": "cannot_run_above_limit",
        "message": "Cannot run more than 2 Eco size dynos.",
        "limit": 2,
        "status": "as you like",
    }


@pytest.mark.parametrize(
    ("described", "key"),
    [
        ({"kind": "explode"}, "kind"),
        ({}, "kind"),
        ({"kind": "reset", "tmies": 2}, "tmies"),
        ({"kind": "reset", "times": 0}, "times"),
        ({"kind": "reset", "times": "2"}, "times"),
        ({"kind": "reset", "every": 0}, "every"),
        ({"kind": "status", "status": 200}, "status"),
        ({"kind": "latency", "seconds": -1}, "seconds"),
        ({"kind": "reset", "method": 5}, "method"),
        ({"kind": "status", "extra": []}, "extra"),
    ],
)
def test_the_error_for_an_invalid_fault_names_the_key(described, key):
    with pytest.raises(ApiError, match=key) as refused:
        read_fault("0", described)

    assert refused.value.status == 422


def test_every_kind_has_a_name():
    kinds = [read_fault("0", {"kind": kind.value}).kind for kind in FaultKind]

    assert kinds == list(FaultKind)
