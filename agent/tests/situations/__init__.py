"""Situations of a Celery app's jobs, set up with real workers.

facts.py            what is true in a situation, and what an agent needs
rows.py             all situations by their names in the truth table
without_worker.py   jobs that wait without a worker
with_worker.py      jobs that run or are held
odd_workers.py      workers that are not heard, or hold more than the broker knows
odd_messages.py     messages of other forms, and very many with an ETA
ending_worker.py    workers that are killed or shut down
broken_broker.py    a broker that fails
verdict.py          what is wrong in an agent's answer
place.py            where a situation is set up: broker, apps, workers
counted_app.py      the Celery app, also in the workers' processes
worker.py           a worker's process
waiting.py          wait for a condition
"""
