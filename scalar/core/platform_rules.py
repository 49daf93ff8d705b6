"""What the platform does by nature."""

from __future__ import annotations

#: No more dynos than this are ever asked for: ten times what Heroku allows an
#: app (100 dynos, Dev Center "Dyno Scaling and Process Limits"). An absurd
#: count must not become an absurd request.
MOST_DYNOS = 1_000
