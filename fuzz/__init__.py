"""Coverage-guided fuzzing of the parsers of foreign input.

    pip install -r requirements-fuzz.txt
    python -m fuzz answers --seconds 60

Each target is a module with a `check`, which takes any bytes and raises if an
invariant is violated. `corpus/` has inputs worth trying first; the unit tests replay
them without the fuzzer.
"""
