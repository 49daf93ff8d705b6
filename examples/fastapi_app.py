"""Serve the counts with FastAPI: `PORT=8000 python fastapi_app.py`.

Your own app needs one line: the router.
"""

from __future__ import annotations

import os

import jobs
import uvicorn
from fastapi import FastAPI
from scalar_agent.fastapi import counts_router

app = FastAPI()
app.include_router(counts_router(jobs.counts))

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=int(os.environ.get("PORT", "8000")))
