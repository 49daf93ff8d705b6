"""Tell heroku-proc-scalar how much work an app's Celery or RQ workers have.

A map, from the inside out:

    work         what is known of one process type; what measures it (`Jobs`)
    celery, rq   measure the jobs of Celery or of RQ
    dynos        a worker's name to the dyno it runs on
    procfile     the queues that each process type reads, from the Procfile
    report       the answer's two forms, plain and rich
    auth         who may read it
    endpoint     a request to an answer; no web framework
    wsgi, asgi, django, flask, fastapi
                 one line each to serve it at /api/scalar_tasks/

Import from the modules. This one imports none of them, since an app has either
Celery or RQ, and one web framework.
"""
