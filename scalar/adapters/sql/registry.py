"""The apps in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from scalar.adapters.sql.engine import translated
from scalar.adapters.sql.tables import AppRow
from scalar.adapters.sql.url_box import UrlBox
from scalar.errors import AppAlreadyRegistered, AppNotFound
from scalar.ports import AppKey, RegisteredApp
from scalar.secret import CountsUrl

_WHOLE_ROW = (
    AppRow.id,
    AppRow.name,
    AppRow.url,
    AppRow.revision,
    AppRow.created_at,
)


class SqlRegistry:
    """The `Registry` that the CLI and the workers share."""

    def __init__(self, engine: Engine, box: UrlBox) -> None:
        self._engine = engine
        self._box = box

    def add(self, name: str, url: CountsUrl, at: datetime) -> RegisteredApp:
        """Register an app."""
        row = {"name": name, "url": self._box.close(url), "revision": 1}
        with translated(), self._engine.begin() as connection:
            try:
                connection.execute(insert(AppRow).values(created_at=at, **row))
            except IntegrityError as exc:
                raise AppAlreadyRegistered(name) from exc
        return self.get(name)

    def remove(self, name: str) -> None:
        """Forget an app. Its events stay."""
        with translated(), self._engine.begin() as connection:
            gone = connection.execute(delete(AppRow).where(AppRow.name == name))
            if gone.rowcount == 0:
                raise AppNotFound(name)

    def get(self, name: str) -> RegisteredApp:
        """Return an app by its name."""
        with translated(), self._engine.connect() as connection:
            row = connection.execute(
                select(*_WHOLE_ROW).where(AppRow.name == name)
            ).one_or_none()
        if row is None:
            raise AppNotFound(name)
        return self._app(*row)

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
        with translated(), self._engine.connect() as connection:
            row = connection.execute(
                select(*_WHOLE_ROW).where(AppRow.id == key.id)
            ).one_or_none()
        return None if row is None else self._app(*row)

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
        """Return how many URLs are stored as plain text."""
        query = (
            select(func.count())
            .select_from(AppRow)
            .where(AppRow.url.not_like("fernet:%"))
        )
        with translated(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def encrypt_again(self) -> int:
        """Encrypt every URL with the first key; return how many there are.

        Raises:
            SecretUnreadable: A URL fits none of the keys; nothing is changed.
        """
        if not self._box.encrypts:
            return 0
        with translated(), self._engine.begin() as connection:
            rows = connection.execute(select(AppRow.id, AppRow.name, AppRow.url)).all()
            for app_id, name, stored in rows:
                text = self._box.close(self._box.open(stored, name))
                connection.execute(
                    AppRow.__table__.update()  # type: ignore[attr-defined]
                    .where(AppRow.id == app_id)
                    .values(url=text, revision=AppRow.revision + 1)
                )
        return len(rows)

    def _app(
        self, app_id: int, name: str, stored: str, revision: int, created_at: datetime
    ) -> RegisteredApp:
        url = self._box.open(stored, name)
        return RegisteredApp(app_id, name, url, revision, created_at)
