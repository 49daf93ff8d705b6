"""The registry and the journal, on real databases."""
