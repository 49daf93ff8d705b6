"""Serve the counts with Flask: `PORT=8000 python flask_app.py`.

Your own app needs one line: the blueprint.
"""

from __future__ import annotations

import os

import jobs
from flask import Flask
from scalar_agent.flask import counts_blueprint
from waitress import serve

app = Flask(__name__)
app.register_blueprint(counts_blueprint(jobs.counts))

if __name__ == "__main__":
    serve(app, host="0.0.0.0", port=int(os.environ.get("PORT", "8000")))
