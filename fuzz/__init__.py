"""Coverage-guided fuzzing of what reads texts that others write.

    pip install -r requirements-fuzz.txt
    python -m fuzz answers --seconds 60

Each module has a `check`, which takes any bytes and raises where a promise is
broken. `corpus/` has inputs worth trying first; the unit tests replay them, and
need no fuzzer for it.
"""
