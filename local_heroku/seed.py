"""Seed files: the accounts, tokens and apps that a server starts with.

```json
{"accounts": [{"name": "shop-owner",
               "tokens": [{"name": "autoscaler", "token": "made-up",
                           "scopes": ["write"]}]}],
 "apps": [{"name": "shop", "account": "shop-owner",
           "formation": [{"type": "web", "quantity": 1, "size": "Eco"}]}]}
```
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local_heroku.app_spec import read_app
from local_heroku.heroku import Heroku


def load_seed(heroku: Heroku, seed: Mapping[str, Any], now: datetime) -> None:
    """Add everything that the seed describes.

    Raises:
        ApiError: an app, account or token is invalid.
        KeyError: a name or a token is missing.
    """
    for account in seed.get("accounts", []):
        heroku.add_account(account["name"], now)
        for token in account.get("tokens", []):
            heroku.add_token(
                token["name"],
                token["token"],
                account["name"],
                token.get("scopes", ["global"]),
            )
    for app in seed.get("apps", []):
        heroku.add_app(read_app(app), now)
