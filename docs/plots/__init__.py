"""Stories of counts, run through the decision code, and their plots."""
