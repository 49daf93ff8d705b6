"""Situations of a Celery app's jobs, brought about with real workers.

facts.py            what is true in a situation, and what an agent needs
rows.py             all situations by their names in the truth table
without_worker.py   jobs that wait, and nobody is there
with_worker.py      jobs that run or are held
ending_worker.py    workers that are killed or shut down
broken_broker.py    a broker that fails
verdict.py          what is wrong in what an agent says
place.py            where a situation plays: broker, apps, workers
counted_app.py      the Celery app, also in the workers' processes
worker.py           a worker's process
waiting.py          wait for a fact
"""
