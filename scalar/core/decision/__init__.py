"""From an observation to a decision that explains itself."""
