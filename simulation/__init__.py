"""The whole service under virtual time, where one seed decides everything.

    scheduler.py      virtual time; of all actors one runs, until its next port call
    incidents.py      seed -> what happens when: faults, changes, people       pure
    fleet.py          (seed, app, time) -> what the app reports                pure
    *_twin.py         Redis, the database, Heroku and its accounts, in memory
    ports.py          the twins as one worker process sees them: late, broken, cut off
    workers.py        beat, and worker processes that take messages and die
    happening.py      each incident, carried out
    world.py          all of it, put together from a seed
    record.py         what happened, from outside of the service
    check_*.py        rules over the record; those shared with chaos are in `chaos/`
    shrink.py         fewer incidents, while the failure stays

`python -m simulation --seeds 1..1000` runs a thousand seeds, and
`python -m simulation --seeds 7 --trail` shows one. The code under test is the real
`scalar/service` and `scalar/core`; the twins leave out what the contract tests carry
(`docs/testing.md`).
"""
