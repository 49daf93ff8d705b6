"""Deliberate faults that the tests must notice: `python -m mutants`."""
