"""Redis: coordination of the workers, and the call budget of each Heroku account."""
