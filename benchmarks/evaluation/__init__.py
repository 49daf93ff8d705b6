"""What an evaluation costs: `python -m benchmarks.evaluation`.

The CPU time of a Celery worker per app and period, through the whole path
(fan-out, lock, registry, HTTP, decision), compared with the same GETs in a plain loop
of threads, in the same run against the same servers.
"""
