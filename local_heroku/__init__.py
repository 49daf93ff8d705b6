"""A local stand-in for the part of the Heroku Platform API that scaling uses.

- `heroku.py`: the state, with the time as an argument; below it
  `accounts`, `rate_pool`, `apps`, `dyno_life`, `formation_updates`, `sizes`,
  `faults`, `request_log`.
- `server/`: the state over HTTP; `pipeline.py` is the life of one request.
- `control.py`: `LocalHeroku`, the client of the control routes.
- `process.py`: `start()`, a server in a process of its own.
- `__main__.py`: the command, `python -m local_heroku`.
"""
