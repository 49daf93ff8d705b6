"""Jobs that scaling down kills, with and without busy dynos known.

`python -m benchmarks.killed_jobs` runs the same seeded jobs twice, on real Celery
workers that get SIGTERM, and SIGKILL after a grace time, when the local Heroku
removes their dyno. Every part is real but Heroku.

What is idle at the poll may begin a job before SIGTERM. To see that, many short
jobs and a platform that takes its time: `--bursts 6 --jobs 24 --apart 25
--trickle 0.5 --long-part 0 --delay 3`.

    load.py      the jobs, of mixed length
    app.py       the Celery app that runs them; web.py: its API
    facts.py     what dynos and jobs write down, outside of Celery
    platform.py  runs the dynos; stage.py: the scaler and everything else
    run.py       one run: put jobs in until all are done and no dyno is left
    figures.py   what the facts say: killed, run again, dyno-seconds
"""
