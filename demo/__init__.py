"""See everything work, without a Heroku account: `make demo`.

The parts are real: Redis, beat and worker of the Procfile, the commands, an app
that serves its counts over HTTP, a Celery worker process for each of its dynos,
and jobs. Heroku alone is simulated (`local_heroku`).

To read in this order:

    shop.py       the app that is scaled, and how it is set up
    stage.py      starts the parts; parts.py, dynos.py: how each is run
    run.py        the loop: load.py puts jobs in, watch.py looks, view.py shows
    verdict.py    did the dynos follow the counts? summary.py: what is said of it
    guard.py      nothing stays behind, even if the demo is killed
"""
