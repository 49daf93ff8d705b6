"""The Heroku Platform API."""
