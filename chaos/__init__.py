"""Faults on a schedule, and a checker that knows what may have been scaled.

    schedule.py       seed -> the faults, their order, lengths and victims     pure
    script.py         (seed, app, time) -> the counts that the app reports      pure
    rules.py          what each app's policy allows, written a second time      pure
    explain.py        which quantities a count explains under such a policy     pure
    cross_out.py      which changes are missing in a journal                    pure
    history.py        what was seen: answers, calls, events, faults             pure
    check_*.py        a history -> violations, in words, with their evidence    pure
    fleet_server.py   the process that plays all apps, healthy or sick
    system.py         our processes, Redis, a database, the local Heroku
    faults/           how each fault is brought about, and how it ends
    storm.py          the schedule, carried out
    report.py         the table and the violations

`python -m chaos --seed 7` runs one seed. The checker imports nothing of `scalar`:
a wrong decision must not be excused by the code that made it.
"""
