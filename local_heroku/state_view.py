"""The state as JSON for the control routes, without the tokens' secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local_heroku.apps import App
from local_heroku.fault_spec import fault_json
from local_heroku.heroku import Heroku
from local_heroku.render import dyno_json, formation_json


def state(heroku: Heroku, now: datetime) -> dict[str, Any]:
    """Return accounts, tokens, apps and faults."""
    return {
        "accounts": [
            {
                "name": account.name,
                "email": account.email,
                "remaining": account.pool.remaining(now),
                "capacity": account.pool.capacity,
            }
            for account in heroku.accounts.values()
        ],
        "tokens": [
            {
                "name": token.name,
                "account": token.account.name,
                "scopes": list(token.scopes),
            }
            for token in heroku.tokens.values()
        ],
        "apps": [app_state(app) for app in heroku.apps.values()],
        "faults": [fault_json(fault) for fault in heroku.faults.all],
    }


def app_state(app: App) -> dict[str, Any]:
    """Return an app with its formation and all its dynos, oldest first.

    Unlike the Platform API, this includes stopping dynos.
    """
    return {
        "id": app.id,
        "name": app.name,
        "web_url": app.web_url,
        "account": app.owner.name,
        "process_tier": app.process_tier,
        "release": app.releases[-1].version,
        "formation": [formation_json(app, row) for row in app.formation.values()],
        "dynos": [dyno_json(app, dyno) for dyno in app.dynos],
    }
