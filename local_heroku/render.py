"""The JSON objects of the Platform API."""

from __future__ import annotations

from typing import Any

from local_heroku.accounts import Account
from local_heroku.apps import App, Dyno, FormationRow, Release
from local_heroku.sizes import DynoSize, Generation
from local_heroku.times import iso

Json = dict[str, Any]
STACK = {"id": "d0b7d7c0-0a4b-5e43-9d63-8f6c0a9c1e24", "name": "heroku-24"}
REGION = {"id": "5b8a9d3a-6e0c-5b0e-9d0c-3c1a7e2f4b60", "name": "us"}


def account_json(account: Account) -> Json:
    """Return the account."""
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "verified": True,
        "delinquent_at": None,
        "suspended_at": None,
    }


def app_json(app: App) -> Json:
    """Return the app."""
    return {
        "acm": False,
        "archived_at": None,
        "build_stack": STACK,
        "buildpack_provided_description": "Python",
        "created_at": iso(app.created_at),
        "generation": _generation(app.generation),
        "git_url": f"https://git.heroku.com/{app.name}.git",
        "id": app.id,
        "internal_routing": None,
        "maintenance": app.maintenance,
        "name": app.name,
        "organization": None,
        "owner": _person(app.owner),
        "process_tier": app.process_tier,
        "region": REGION,
        "released_at": iso(app.releases[-1].created_at),
        "repo_size": None,
        "slug_size": None,
        "space": None,
        "stack": STACK,
        "team": None,
        "updated_at": iso(app.updated_at),
        "web_url": app.web_url,
    }


def formation_json(app: App, row: FormationRow) -> Json:
    """Return one row of the formation."""
    return {
        "app": _reference(app),
        "command": row.command,
        "created_at": iso(row.created_at),
        "dyno_size": {"id": row.size.id, "name": row.size.name},
        "id": row.id,
        "quantity": row.quantity,
        "size": row.size.name,
        "type": row.type,
        "updated_at": iso(row.updated_at),
    }


def dyno_json(app: App, dyno: Dyno) -> Json:
    """Return one dyno."""
    return {
        "app": _reference(app),
        "attach_url": None,
        "command": dyno.command,
        "created_at": iso(dyno.created_at),
        "dyno_size": {"id": dyno.size.id, "name": dyno.size.name},
        "generation": _generation(app.generation),
        "id": dyno.id,
        "name": dyno.name,
        "release": {"id": dyno.release.id, "version": dyno.release.version},
        "size": dyno.size.name,
        "state": dyno.state.value,
        "type": dyno.type,
        "updated_at": iso(dyno.updated_at),
    }


def release_json(app: App, release: Release) -> Json:
    """Return one release."""
    return {
        "addon_plan_names": [],
        "app": _reference(app),
        "created_at": iso(release.created_at),
        "current": release is app.releases[-1],
        "description": release.description,
        "id": release.id,
        "output_stream_url": None,
        "slug": None,
        "status": "succeeded",
        "updated_at": iso(release.created_at),
        "user": _person(app.owner),
        "version": release.version,
    }


def dyno_size_json(size: DynoSize) -> Json:
    """Return one dyno size."""
    return {
        "cost": {"cents": size.cents, "unit": "month"},
        "dedicated": size.name.startswith("Performance"),
        "generation": _generation(size.generation),
        "id": size.id,
        "memory": size.memory,
        "name": size.name,
        "private_space_only": size.generation is Generation.FIR,
    }


def _person(account: Account) -> Json:
    return {"email": account.email, "id": account.id}


def _generation(generation: Generation) -> Json:
    return {"id": generation.id, "name": generation.value}


def _reference(app: App) -> Json:
    return {"id": app.id, "name": app.name}
