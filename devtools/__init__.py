"""Real servers and processes for the demo, `make run` and the tests."""
