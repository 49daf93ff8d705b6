"""The routes of the account and its rate limit."""

from __future__ import annotations

from local_heroku.errors import forbidden
from local_heroku.render import account_json
from local_heroku.server.calls import ANY, IDENTITY, Answer, Call, Route

# Eco dyno hours per month, in seconds.
ECO_QUOTA = 1000 * 3600


def show_account(call: Call) -> Answer:
    """Return the account."""
    return Answer(account_json(call.account))


def show_rate_limit(call: Call) -> Answer:
    """Return how many requests are left; free of cost."""
    return Answer({"remaining": call.account.pool.remaining(call.now)})


def show_quota(call: Call) -> Answer:
    """Return the Eco dyno hours of the account; none are ever used here."""
    if call.params["account"] not in {"~", call.account.id, call.account.email}:
        raise forbidden("You do not have access to that account.")
    return Answer({"account_quota": ECO_QUOTA, "quota_used": 0, "apps": []})


ROUTES = (
    Route("GET", "/account", show_account, IDENTITY),
    Route("GET", "/users/~", show_account, IDENTITY),
    Route("GET", "/account/rate-limits", show_rate_limit, ANY, free=True),
    Route("GET", "/accounts/{account}/actions/get-quota", show_quota, IDENTITY),
)
