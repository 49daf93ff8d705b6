"""Apps described by a control request or a seed file."""

from __future__ import annotations

import pytest

from local_heroku.app_spec import read_app
from local_heroku.errors import ApiError
from local_heroku.seed import load_seed
from local_heroku.tests.world import NOON, make_app, make_heroku, quantities

TWO_ECO_DYNOS = {"type": "worker", "size": "eco", "quantity": 2}


def test_a_seed_adds_accounts_tokens_and_apps():
    heroku = make_heroku()
    token = {"name": "t", "token": "s", "scopes": ["read"]}
    row = {"type": "worker", "quantity": 1, "size": "eco", "command": "celery"}
    seed = {
        "accounts": [{"name": "owner", "tokens": [token]}],
        "apps": [{"name": "shop", "account": "owner", "formation": [row]}],
    }
    load_seed(heroku, seed, NOON)
    app = heroku.apps["shop"]

    assert quantities(app) == {"worker": 1}
    assert app.owner is heroku.tokens["s"].account
    assert app.formation["worker"].command == "celery"
    assert app.process_tier == "eco"


@pytest.mark.parametrize(
    ("described", "wrong"),
    [
        ({"formation": []}, "needs a name"),
        ({"name": "shop", "formation": {}}, "list of rows"),
        ({"name": "shop", "formation": ["web"]}, "must be an object"),
        ({"name": "shop", "fromation": []}, "Unknown keys of an app: fromation"),
        ({"name": "shop", "formation": [{"type": "web", "qty": 1}]}, "qty"),
        ({"name": "shop", "formation": [{"type": "a b"}]}, "'a b'"),
        ({"name": "shop", "formation": [{"type": "web"}] * 2}, "more than once"),
        ({"name": "shop", "formation": [{"type": "web", "size": "1X"}]}, "1X"),
        ({"name": "shop", "formation": [TWO_ECO_DYNOS]}, "more than 1 Eco"),
    ],
)
def test_the_error_for_an_invalid_app_says_what_is_wrong(described, wrong):
    with pytest.raises(ApiError, match=wrong) as refused:
        read_app(described)

    assert refused.value.status == 422


@pytest.mark.parametrize("name", ["Shop", "1shop", "a", "a" * 31, "shop_1", "shop-"])
def test_an_invalid_app_name_is_refused(name):
    with pytest.raises(ApiError, match="lowercase"):
        make_app(make_heroku(), {"web": 1}, name=name)


def test_an_app_name_is_unique_until_the_app_is_removed():
    heroku = make_heroku()
    first = make_app(heroku, {"web": 1})
    with pytest.raises(ApiError, match="already taken"):
        make_app(heroku, {"web": 1})
    heroku.remove_app("shop")

    assert make_app(heroku, {"web": 1}).id != first.id


def test_the_web_url_cannot_be_guessed_from_the_name():
    app = make_app(make_heroku(), {"web": 1})

    assert app.web_url.startswith("https://shop-")
    assert app.web_url.endswith(".herokuapp.com/")
    assert app.web_url != "https://shop.herokuapp.com/"


def test_clearing_leaves_only_the_default_account_and_reuses_no_id():
    heroku = make_heroku()
    old = make_app(heroku, {"web": 1})
    heroku.add_account("other", NOON)
    heroku.accounts["default"].pool.set_remaining(3, NOON)
    heroku.clear(NOON)

    assert (heroku.apps, list(heroku.accounts)) == ({}, ["default"])
    assert heroku.accounts["default"].pool.remaining(NOON) == 4500
    assert make_app(heroku, {"web": 1}).id != old.id
