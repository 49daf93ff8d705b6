"""The ports, implemented: Heroku, the apps' APIs, SQL, Redis, and memory."""
