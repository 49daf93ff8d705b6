"""Count the jobs that scaling down kills, with and without known busy dynos.

`python -m benchmarks.killed_jobs` runs the same seeded jobs several times, with early
and late acknowledgement, on both generations of Heroku. The Celery workers are real
and get SIGTERM, and SIGKILL after a grace period, when the local Heroku removes their
dyno. Everything but Heroku is real.

A dyno that is idle at the poll may start a job before SIGTERM. To see that, use many
short jobs and a slow platform: `--bursts 6 --jobs 24 --apart 25 --trickle 0.5
--long-part 0 --delay 3`.

    load.py      the jobs, of mixed length
    app.py       the Celery app that runs them; web.py: its API
    facts.py     what dynos and jobs record, outside Celery
    platform.py  runs the dynos; stage.py: the scaler and everything else
    run.py       one run: send jobs until all are done and no dyno is left
    figures.py   what the facts show: killed, run again, dyno-seconds
"""
