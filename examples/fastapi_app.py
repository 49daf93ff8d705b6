"""Serve the counts with FastAPI: `PORT=8000 python fastapi_app.py`.

The view answers 200 even when a count is null. Null says "not known now", so
the autoscaler leaves that process type as it is; an error would say that the
app is broken. It is no coroutine: FastAPI runs it in a thread, since counting
waits for Redis.
"""

from __future__ import annotations

import hmac
import os
from base64 import b64encode
from typing import Annotated

import jobs
import uvicorn
from fastapi import FastAPI, Header, HTTPException
from queue_counts import count_jobs

app = FastAPI()


@app.get("/api/scalar_tasks/")
def scalar_tasks(
    authorization: Annotated[str, Header()] = "",
) -> dict[str, int | None]:
    """Return the jobs of each process type; ask for the password, if one is set."""
    if not allowed(authorization):
        raise HTTPException(401, headers={"WWW-Authenticate": 'Basic realm="counts"'})
    return count_jobs(jobs.app, jobs.QUEUES)


def allowed(given: str) -> bool:
    """Return whether the Authorization header is that of SCALAR_TASKS_AUTH."""
    pair = os.environ.get("SCALAR_TASKS_AUTH", "")
    expected = b"Basic " + b64encode(pair.encode())
    return not pair or hmac.compare_digest(given.encode(), expected)


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=int(os.environ.get("PORT", "8000")))
