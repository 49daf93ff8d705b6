"""The JSON schema of the server's answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

import local_heroku

SCHEMA = json.loads((Path(local_heroku.__file__).parent / "schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(SCHEMA)


def valid(body: Any, kind: str) -> Any:
    """Return the body, after checking it, or each item of a list, as this kind."""
    item = {"$ref": f"#/$defs/{kind}"}
    schema = {"type": "array", "items": item} if isinstance(body, list) else item
    jsonschema.validate(body, {**SCHEMA, **schema})
    return body
