"""Scheduled fault injection, and a checker that knows what may have been scaled.

    schedule.py       seed -> the faults, their order, lengths and victims     pure
    script.py         (seed, app, time) -> the counts that the app reports      pure
    rules.py          what each app's policy allows, written a second time      pure
    explain.py        which quantities a count explains under such a policy     pure
    cross_out.py      which changes are missing in a journal (the simulation's) pure
    history.py        what was observed: answers, calls, events, faults         pure
    check_*.py        a history -> violated invariants with their evidence      pure
    fleet_server.py   the process that simulates all apps, healthy or sick
    system.py         our processes, Redis, a database, the local Heroku
    faults/           how each fault is injected and removed
    storm.py          runs the schedule
    recorded.py       keeps a history in the folder of its run
    report.py         the table and the violations

`python -m chaos --seed 7` runs one seed. The checker imports nothing from `scalar`:
the code that made a wrong decision must not excuse it.
"""
