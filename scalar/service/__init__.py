"""The use cases: what happens in which order, in terms of ports alone."""
