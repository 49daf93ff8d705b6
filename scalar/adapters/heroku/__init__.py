"""Heroku's Platform API."""
