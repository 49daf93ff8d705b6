"""A local stand-in for the part of the Heroku Platform API that scaling uses.

- `heroku.py`: the state, which takes the time as an argument; it is built from
  `accounts`, `rate_pool`, `apps`, `dyno_lifecycle`, `formation_updates`, `sizes`,
  `faults` and `request_log`.
- `server/`: serves the state over HTTP; `pipeline.py` handles one request.
- `control.py`: `LocalHeroku`, the client of the control routes.
- `process.py`: `start()`, which runs a server in a process of its own.
- `testing.py`: pytest fixtures.
- `__main__.py`: the command, `python -m local_heroku`.

It imports nothing of the autoscaler, so it can be used without it.
"""
