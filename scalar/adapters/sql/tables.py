"""The tables of the database; `migrations/` brings a database up to date."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from scalar.core.app import DEFAULT_PLATFORM


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Return the time to store."""
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Return the stored time as an aware datetime."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value


class Base(DeclarativeBase):
    """The base of all tables; it names their constraints."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        }
    )


class AppRow(Base):
    """A registered app.

    `url`, `token` and `heroku_key` are plain text, or encrypted with the prefix
    `fernet:` (`secret_cipher.py`). `queues` is a JSON object of lists. Ids are never
    reused, because Redis stores an app's memory by its id. `platform_id` is null until
    it is learned.
    """

    __tablename__ = "apps"
    __table_args__ = (
        Index(None, "platform", "platform_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    url: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    form: Mapped[str] = mapped_column(String(20), server_default="auto")
    token: Mapped[str | None] = mapped_column(Text)
    queues: Mapped[str | None] = mapped_column(Text)
    heroku_key: Mapped[str | None] = mapped_column(Text)
    platform: Mapped[str] = mapped_column(String(20), server_default=DEFAULT_PLATFORM)
    platform_id: Mapped[str | None] = mapped_column(String(100))
    web_url: Mapped[str | None] = mapped_column(Text)


class FormerNameRow(Base):
    """A name that an app had, and until when it finds the app."""

    __tablename__ = "former_names"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    app_id: Mapped[int] = mapped_column(
        ForeignKey("apps.id", ondelete="CASCADE"), primary_key=True
    )
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class FactRow(Base):
    """A fact about the database: that its secrets were bound (`secrets_bound`)."""

    __tablename__ = "facts"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class PolicyRow(Base):
    """The policy values of an app, or of one of its process types.

    `process_type` is empty for the whole app; `values` is a JSON object of strings,
    as people wrote them. `set_by` is one of lists: who set each value, and when.
    """

    __tablename__ = "policies"

    app_id: Mapped[int] = mapped_column(
        ForeignKey("apps.id", ondelete="CASCADE"), primary_key=True
    )
    process_type: Mapped[str] = mapped_column(String(128), primary_key=True)
    values: Mapped[str] = mapped_column(Text)
    set_by: Mapped[str | None] = mapped_column(Text)


class EventRow(Base):
    """An event. It holds the app's name, so it outlives the registration.

    `event_id` is the id of what happened, which stands once; null in rows of
    versions without ids. `facts` is a JSON object (`core/decision/facts.py`).
    """

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "app", "at"),
        Index(None, "at"),
        Index(None, "event_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    app: Mapped[str] = mapped_column(String(30))
    process_type: Mapped[str | None] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str] = mapped_column(String(40))
    from_quantity: Mapped[int | None]
    to_quantity: Mapped[int | None]
    count: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, default="")
    event_id: Mapped[str | None] = mapped_column(String(64))
    facts: Mapped[str | None] = mapped_column(Text)
