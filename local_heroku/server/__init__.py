"""The HTTP server of the local Heroku; `application.py` assembles it."""
