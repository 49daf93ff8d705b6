"""The migrations of the registry's schema."""
