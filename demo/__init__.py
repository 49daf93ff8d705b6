"""Watch the autoscaler work, without a Heroku account: `make demo`.

Everything is real except Heroku (`local_heroku`): Redis, the beat and worker of
the Procfile, the commands, an app that serves its counts over HTTP, a Celery
worker process per dyno, and the jobs they run.

    shop.py       the app being scaled, and the load it gets
    stage.py      starts every part and runs the app's dynos
    history.py    what happened, and the verdict: did the dynos follow the counts?
    view.py       shows it, live in a terminal or as plain lines
    __main__.py   the loop, the closing summary and the exit status
"""
