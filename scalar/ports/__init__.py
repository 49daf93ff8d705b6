"""What the service needs of the world: one Protocol each.

Adapters implement them (`scalar/adapters/`). `scalar/adapters/inmemory/` has a twin
of each in memory, held to the same contract tests.
"""
