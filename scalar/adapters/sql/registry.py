"""The registry in SQL."""

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

from scalar.adapters.sql.addresses import COLUMNS, address_columns, address_from_row
from scalar.adapters.sql.engine import translate_errors
from scalar.adapters.sql.secret_cipher import ENCRYPTED_PREFIX, SecretCipher
from scalar.adapters.sql.tables import AppRow, PolicyRow
from scalar.core.app import AppKey, RegisteredApp
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import AppAlreadyRegistered, AppChanged, AppNotFound
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret

_ALL_COLUMNS = (
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

    def __init__(self, engine: Engine, cipher: SecretCipher) -> None:
        self._engine = engine
        self._cipher = cipher

    def add(
        self,
        name: str,
        address: CountsAddress,
        at: datetime,
        heroku_key: Secret = SHARED_KEY,
    ) -> RegisteredApp:
        """Register an app."""
        row = {
            **address_columns(address, self._cipher),
            "name": name,
            "revision": 1,
            "heroku_key": self._cipher.encrypt(heroku_key),
        }
        with translate_errors(), self._engine.begin() as connection:
            try:
                connection.execute(insert(AppRow).values(created_at=at, **row))
            except IntegrityError as exc:
                raise AppAlreadyRegistered(name) from exc
        return self.get(name)

    def remove(self, name: str) -> None:
        """Remove an app. Its events stay."""
        with translate_errors(), self._engine.begin() as connection:
            app_id = _app_id(connection, name)
            connection.execute(delete(PolicyRow).where(PolicyRow.app_id == app_id))
            connection.execute(delete(AppRow).where(AppRow.id == app_id))

    def get(self, name: str) -> RegisteredApp:
        """Return an app by name."""
        app = self._find_one(AppRow.name == name)
        if app is None:
            raise AppNotFound(name)
        return app

    def app_key(self, name: str) -> AppKey:
        """Return an app's key, without decrypting secrets; raises `AppNotFound`."""
        query = select(AppRow.id, AppRow.name, AppRow.revision)
        with translate_errors(), self._engine.connect() as connection:
            row = connection.execute(query.where(AppRow.name == name)).one_or_none()
        if row is None:
            raise AppNotFound(name)
        return AppKey(*row)

    def find(self, app_key: AppKey) -> RegisteredApp | None:
        """Return an app by its app key; None if it is no longer registered."""
        return self._find_one(AppRow.id == app_key.id)

    def revision(self, app_id: int) -> int | None:
        """Return an app's revision now; None if it is no longer registered."""
        query = select(AppRow.revision).where(AppRow.id == app_id)
        with translate_errors(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def set_policy(
        self,
        name: str,
        process_type: str,
        values: Mapping[str, str],
        *,
        read: AppKey | None = None,
    ) -> None:
        """Replace the policy values of an app, or of one of its process types."""
        with translate_errors(), self._engine.begin() as connection:
            app_id = _bump_revision(connection, name, read)
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

    def set_address(
        self, name: str, address: CountsAddress, *, read: AppKey | None = None
    ) -> None:
        """Change an app's address."""
        row = address_columns(address, self._cipher)
        with translate_errors(), self._engine.begin() as connection:
            app_id = _bump_revision(connection, name, read)
            connection.execute(update(AppRow).where(AppRow.id == app_id).values(**row))

    def set_heroku_key(
        self, name: str, heroku_key: Secret, *, read: AppKey | None = None
    ) -> None:
        """Set an app's own Heroku key, or remove it."""
        row = {"heroku_key": self._cipher.encrypt(heroku_key)}
        with translate_errors(), self._engine.begin() as connection:
            app_id = _bump_revision(connection, name, read)
            connection.execute(update(AppRow).where(AppRow.id == app_id).values(**row))

    def own_heroku_keys(self) -> dict[Secret, list[str]]:
        """Return each app's own Heroku key, with the names of the apps that use it.

        Raises:
            SecretUnreadable: No secret key decrypts one of them.
        """
        query = (
            select(AppRow.name, AppRow.heroku_key)
            .where(AppRow.heroku_key.is_not(None))
            .order_by(AppRow.name)
        )
        with translate_errors(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        apps: dict[Secret, list[str]] = {}
        for name, encrypted in rows:
            apps.setdefault(self._heroku_key(encrypted, name), []).append(name)
        return apps

    def first_without_heroku_key(self) -> str | None:
        """Return an app that uses the shared Heroku key; None if there is none."""
        query = select(AppRow.name).where(AppRow.heroku_key.is_(None))
        with translate_errors(), self._engine.connect() as connection:
            return connection.execute(query.order_by(AppRow.id).limit(1)).scalar()

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next app keys, ordered by id."""
        query = (
            select(AppRow.id, AppRow.name, AppRow.revision)
            .where(AppRow.id > after_id)
            .order_by(AppRow.id)
            .limit(limit)
        )
        with translate_errors(), self._engine.connect() as connection:
            return [AppKey(*row) for row in connection.execute(query)]

    def unencrypted(self) -> int:
        """Return how many apps have a secret stored in plain text."""
        secrets = (AppRow.url, AppRow.token, AppRow.heroku_key)
        is_plain = or_(*(secret.not_like(f"{ENCRYPTED_PREFIX}%") for secret in secrets))
        query = select(func.count()).select_from(AppRow).where(is_plain)
        with translate_errors(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def reencrypt(self) -> int:
        """Re-encrypt every secret with the first secret key; return how many apps.

        Raises:
            SecretUnreadable: No secret key decrypts one of them; nothing changes.
            AppChanged: One was changed meanwhile; nothing changes.
        """
        if not self._cipher.encrypts:
            return 0
        query = select(
            *(AppRow.id, AppRow.name, AppRow.revision, AppRow.heroku_key), *COLUMNS
        )
        with translate_errors(), self._engine.begin() as connection:
            rows = connection.execute(query).all()
            for app_id, name, revision, encrypted, *columns in rows:
                address = address_from_row(tuple(columns), name, self._cipher)
                heroku_key = self._heroku_key(encrypted, name)
                done = connection.execute(
                    update(AppRow)
                    .where(AppRow.id == app_id, AppRow.revision == revision)
                    .values(
                        **address_columns(address, self._cipher),
                        heroku_key=self._cipher.encrypt(heroku_key),
                        revision=revision + 1,
                    )
                )
                if done.rowcount != 1:
                    raise AppChanged(name)
        return len(rows)

    def _find_one(self, condition: ColumnElement[bool]) -> RegisteredApp | None:
        """Return the app that matches, with its policies, in one query."""
        query = (
            select(*_ALL_COLUMNS)
            .join(PolicyRow, PolicyRow.app_id == AppRow.id, isouter=True)
            .where(condition)
        )
        with translate_errors(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return None
        app_id, name, revision, created_at, _, _, encrypted, platform, *columns = rows[
            0
        ]
        return RegisteredApp(
            app_id,
            name,
            address_from_row(tuple(columns), name, self._cipher),
            revision,
            created_at,
            {row[4]: _parse_values(row[5]) for row in rows if row[4] is not None},
            self._heroku_key(encrypted, name),
            platform,
        )

    def _heroku_key(self, encrypted: str | None, app: str) -> Secret:
        return self._cipher.decrypt(encrypted, app, "Heroku key")


def _app_id(connection: Connection, name: str) -> int:
    found = connection.execute(select(AppRow.id).where(AppRow.name == name))
    app_id = found.scalar_one_or_none()
    if app_id is None:
        raise AppNotFound(name)
    return app_id


def _bump_revision(connection: Connection, name: str, read: AppKey | None) -> int:
    """Increment an app's revision, which locks its row; return the app's id.

    Only if it is still the row that was read, if that is given (compare and set).
    """
    app_id = _app_id(connection, name)
    row = AppRow.id == app_id
    if read is not None:
        row &= (AppRow.id == read.id) & (AppRow.revision == read.revision)
    done = connection.execute(
        update(AppRow).where(row).values(revision=AppRow.revision + 1)
    )
    if done.rowcount != 1:
        raise AppChanged(name)
    return app_id


def _parse_values(text: str) -> Mapping[str, str]:
    """Parse stored policy values; anything but an object is returned as one text.

    No policy value has its name, `(unreadable)`, so the process type is held.
    """
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        return {"(unreadable)": text[:100]}
    return {str(name): str(value) for name, value in values.items()}
