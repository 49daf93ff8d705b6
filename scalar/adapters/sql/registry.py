"""The apps in SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from scalar.adapters.sql.addresses import COLUMNS, address_of, stored
from scalar.adapters.sql.engine import translated
from scalar.adapters.sql.tables import AppRow, PolicyRow
from scalar.adapters.sql.url_box import MARK, UrlBox
from scalar.core.app import AppKey, RegisteredApp
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import AppAlreadyRegistered, AppNotFound
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret

_WHOLE_ROW = (
    AppRow.id,
    AppRow.name,
    AppRow.revision,
    AppRow.created_at,
    PolicyRow.process_type,
    PolicyRow.values,
    AppRow.heroku_key,
    AppRow.platform,
    *COLUMNS,
)


class SqlRegistry:
    """The `Registry` that the CLI and the workers share."""

    def __init__(self, engine: Engine, box: UrlBox) -> None:
        self._engine = engine
        self._box = box

    def add(
        self,
        name: str,
        address: CountsAddress,
        at: datetime,
        heroku_key: Secret = SHARED_KEY,
    ) -> RegisteredApp:
        """Register an app."""
        row = {
            **stored(address, self._box),
            "name": name,
            "revision": 1,
            "heroku_key": self._box.close_secret(heroku_key),
        }
        with translated(), self._engine.begin() as connection:
            try:
                connection.execute(insert(AppRow).values(created_at=at, **row))
            except IntegrityError as exc:
                raise AppAlreadyRegistered(name) from exc
        return self.get(name)

    def remove(self, name: str) -> None:
        """Forget an app. Its events stay."""
        with translated(), self._engine.begin() as connection:
            app_id = _id(connection, name)
            connection.execute(delete(PolicyRow).where(PolicyRow.app_id == app_id))
            connection.execute(delete(AppRow).where(AppRow.id == app_id))

    def get(self, name: str) -> RegisteredApp:
        """Return an app by its name."""
        app = self._one(AppRow.name == name)
        if app is None:
            raise AppNotFound(name)
        return app

    def key(self, name: str) -> AppKey:
        """Return an app's key; needs no decryption. Raises `AppNotFound`."""
        query = select(AppRow.id, AppRow.name, AppRow.revision)
        with translated(), self._engine.connect() as connection:
            row = connection.execute(query.where(AppRow.name == name)).one_or_none()
        if row is None:
            raise AppNotFound(name)
        return AppKey(*row)

    def find(self, key: AppKey) -> RegisteredApp | None:
        """Return an app by its key; None if it is registered no more."""
        return self._one(AppRow.id == key.id)

    def set_policy(
        self, name: str, process_type: str, values: Mapping[str, str]
    ) -> None:
        """Store the values of an app or of a process type; none remove them."""
        with translated(), self._engine.begin() as connection:
            app_id = _changed(connection, name)
            connection.execute(
                delete(PolicyRow).where(
                    PolicyRow.app_id == app_id, PolicyRow.process_type == process_type
                )
            )
            if values:
                row = {
                    "app_id": app_id,
                    "process_type": process_type,
                    "values": json.dumps(dict(values)),
                }
                connection.execute(insert(PolicyRow).values(row))

    def set_address(self, name: str, address: CountsAddress) -> None:
        """Give an app another address."""
        row = stored(address, self._box)
        with translated(), self._engine.begin() as connection:
            app_id = _changed(connection, name)
            connection.execute(update(AppRow).where(AppRow.id == app_id).values(**row))

    def set_heroku_key(self, name: str, heroku_key: Secret) -> None:
        """Give an app its own Heroku key, or take it away."""
        row = {"heroku_key": self._box.close_secret(heroku_key)}
        with translated(), self._engine.begin() as connection:
            app_id = _changed(connection, name)
            connection.execute(update(AppRow).where(AppRow.id == app_id).values(**row))

    def own_heroku_keys(self) -> dict[Secret, list[str]]:
        """Return each app's own Heroku key, with the apps that have it.

        Raises:
            SecretUnreadable: One fits none of the keys.
        """
        query = (
            select(AppRow.name, AppRow.heroku_key)
            .where(AppRow.heroku_key.is_not(None))
            .order_by(AppRow.name)
        )
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        apps: dict[Secret, list[str]] = {}
        for name, key in rows:
            apps.setdefault(self._heroku_key(key, name), []).append(name)
        return apps

    def first_without_key(self) -> str | None:
        """Return an app without a Heroku key of its own; None if there is none."""
        query = select(AppRow.name).where(AppRow.heroku_key.is_(None))
        with translated(), self._engine.connect() as connection:
            return connection.execute(query.order_by(AppRow.id).limit(1)).scalar()

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next apps in the order of their numbers."""
        query = (
            select(AppRow.id, AppRow.name, AppRow.revision)
            .where(AppRow.id > after_id)
            .order_by(AppRow.id)
            .limit(limit)
        )
        with translated(), self._engine.connect() as connection:
            return [AppKey(*row) for row in connection.execute(query)]

    def unencrypted(self) -> int:
        """Return how many apps have a secret that is stored as plain text."""
        secrets = (AppRow.url, AppRow.token, AppRow.heroku_key)
        is_plain = or_(*(secret.not_like(f"{MARK}%") for secret in secrets))
        query = select(func.count()).select_from(AppRow).where(is_plain)
        with translated(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def encrypt_again(self) -> int:
        """Encrypt every secret with the first key; return how many apps.

        Raises:
            SecretUnreadable: One fits none of the keys; nothing is changed.
        """
        if not self._box.encrypts:
            return 0
        query = select(AppRow.id, AppRow.name, AppRow.heroku_key, *COLUMNS)
        with translated(), self._engine.begin() as connection:
            rows = connection.execute(query).all()
            for app_id, name, key, *columns in rows:
                address = address_of(tuple(columns), name, self._box)
                opened = self._heroku_key(key, name)
                connection.execute(
                    update(AppRow)
                    .where(AppRow.id == app_id)
                    .values(
                        **stored(address, self._box),
                        heroku_key=self._box.close_secret(opened),
                        revision=AppRow.revision + 1,
                    )
                )
        return len(rows)

    def _one(self, condition: ColumnElement[bool]) -> RegisteredApp | None:
        """Return the app that fits, with its policies, in one query."""
        query = (
            select(*_WHOLE_ROW)
            .join(PolicyRow, PolicyRow.app_id == AppRow.id, isouter=True)
            .where(condition)
        )
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return None
        app_id, name, revision, created_at, _, _, key, platform, *columns = rows[0]
        return RegisteredApp(
            app_id,
            name,
            address_of(tuple(columns), name, self._box),
            revision,
            created_at,
            {row[4]: _values(row[5]) for row in rows if row[4] is not None},
            self._heroku_key(key, name),
            platform,
        )

    def _heroku_key(self, stored_key: str | None, app: str) -> Secret:
        return self._box.open_secret(stored_key, app, "Heroku key")


def _id(connection: Connection, name: str) -> int:
    found = connection.execute(select(AppRow.id).where(AppRow.name == name))
    app_id = found.scalar_one_or_none()
    if app_id is None:
        raise AppNotFound(name)
    return app_id


def _changed(connection: Connection, name: str) -> int:
    """Give an app's row a new revision, which locks it; return its number."""
    app_id = _id(connection, name)
    connection.execute(
        update(AppRow).where(AppRow.id == app_id).values(revision=AppRow.revision + 1)
    )
    return app_id


def _values(text: str) -> Mapping[str, str]:
    """Return stored values; what is no object of texts is shown as it stands.

    Nothing reads a value of that name, so the process type is held.
    """
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        return {"(unreadable)": text[:100]}
    return {str(name): str(value) for name, value in values.items()}
