"""The local Heroku over HTTP: `application.py` puts the parts together."""
