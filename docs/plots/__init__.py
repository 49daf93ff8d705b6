"""Stories of counts, played by the decision code, and their plots."""
