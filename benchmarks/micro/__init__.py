"""What the single steps cost: `python -m benchmarks.micro`.

Deciding, reading an answer, remembering, and the fan-out, each beside the least that
could do the job.
"""
