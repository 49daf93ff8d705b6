"""Apps as a control request or a seed file describes them."""

from __future__ import annotations

import pytest

from local_heroku.app_spec import read_app
from local_heroku.errors import ApiError
from local_heroku.seed import plant
from local_heroku.tests.world import NOON, make_app, make_heroku, quantities


def test_a_seed_puts_accounts_tokens_and_apps_in_place():
    heroku = make_heroku()
    row = {"type": "worker", "quantity": 1, "size": "eco", "command": "celery"}
    seed = {
        "accounts": [
            {
                "name": "owner",
                "tokens": [{"name": "t", "token": "s", "scopes": ["read"]}],
            }
        ],
        "apps": [{"name": "shop", "account": "owner", "formation": [row]}],
    }
    plant(heroku, seed, NOON)
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
        ({"name": "shop", "formation": ["web"]}, "is an object"),
        ({"name": "shop", "fromation": []}, "fromation is not a key"),
        ({"name": "shop", "formation": [{"type": "web", "qty": 1}]}, "qty"),
        ({"name": "shop", "formation": [{"type": "a b"}]}, "'a b'"),
        ({"name": "shop", "formation": [{"type": "web"}] * 2}, "stands twice"),
        ({"name": "shop", "formation": [{"type": "web", "size": "1X"}]}, "1X"),
        (
            {
                "name": "shop",
                "formation": [{"type": "w", "size": "eco", "quantity": 2}],
            },
            "more than 1 Eco",
        ),
    ],
)
def test_a_description_that_makes_no_sense_says_where(described, wrong):
    with pytest.raises(ApiError, match=wrong) as refused:
        read_app(described)

    assert refused.value.status == 422


@pytest.mark.parametrize("name", ["Shop", "1shop", "a", "a" * 31, "shop_1", "shop-"])
def test_a_name_that_heroku_would_not_take_is_refused(name):
    with pytest.raises(ApiError, match="lowercase"):
        make_app(make_heroku(), {"web": 1}, name=name)


def test_a_name_is_taken_once_and_free_again_after_the_app_is_removed():
    heroku = make_heroku()
    first = make_app(heroku, {"web": 1})
    with pytest.raises(ApiError, match="already taken"):
        make_app(heroku, {"web": 1})
    heroku.remove_app("shop")

    assert make_app(heroku, {"web": 1}).id != first.id


def test_the_address_of_an_app_has_a_part_that_the_name_does_not_tell():
    app = make_app(make_heroku(), {"web": 1})

    assert app.web_url.startswith("https://shop-")
    assert app.web_url.endswith(".herokuapp.com/")
    assert app.web_url != "https://shop.herokuapp.com/"


def test_clearing_leaves_the_default_account_alone_and_no_id_comes_back():
    heroku = make_heroku()
    old = make_app(heroku, {"web": 1})
    heroku.add_account("other", NOON)
    heroku.accounts["default"].pool.set_remaining(3, NOON)
    heroku.clear(NOON)

    assert (heroku.apps, list(heroku.accounts)) == ({}, ["default"])
    assert heroku.accounts["default"].pool.remaining(NOON) == 4500
    assert make_app(heroku, {"web": 1}).id != old.id
