"""Tell heroku-proc-scalar how much work an app's Celery or RQ workers have.

A map, from the inside out:

    work         the work of one process type (`Work`); how to measure it (`Jobs`)
    celery, rq   measure the jobs of Celery or RQ
    dynos        find a worker's dyno in its name
    procfile     find each process type's queues in the Procfile
    report       render the answer, plain or rich
    auth         check the reader's token
    endpoint     answer a request, without a web framework
    wsgi, asgi, django, flask, fastapi
                 one line each to serve it at /api/scalar_tasks/

Import from the modules. This one imports none of them, since an app has only
Celery or RQ, and one web framework.
"""
