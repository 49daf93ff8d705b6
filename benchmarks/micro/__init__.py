"""What single steps cost: `python -m benchmarks.micro`.

Deciding, parsing an answer, storing the state, and the fan-out, each compared with the
least code that could do the job.
"""
