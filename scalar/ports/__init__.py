"""The ports: one Protocol for each thing that the service needs from outside.

`scalar/adapters/` implements them. `scalar/adapters/inmemory/` has an in-memory twin
of each; both pass the same contract tests.
"""
