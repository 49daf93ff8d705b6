"""How a process type may be scaled, and how people write it down."""
