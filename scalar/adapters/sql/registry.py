"""The registry in SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
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
from scalar.adapters.sql.journal import record_in
from scalar.adapters.sql.marks import (
    dump_marks,
    dump_pause,
    load_marks,
    load_pause,
)
from scalar.adapters.sql.renaming import (
    current_row,
    has_id,
    one_at_a_time,
    take_name,
)
from scalar.adapters.sql.secret_cipher import (
    BOUND_PREFIX,
    ENCRYPTED_PREFIX,
    Owner,
    Place,
    SecretCipher,
)
from scalar.adapters.sql.tables import AppRow, FactRow, FormerNameRow, PolicyRow
from scalar.core.actor import Mark
from scalar.core.app import DEFAULT_PLATFORM, AppKey, RegisteredApp
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import (
    AppAlreadyRegistered,
    AppChanged,
    AppNotFound,
    SecretUnreadable,
)
from scalar.core.event import Event
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.secret import Secret
from scalar.ports.registry import Identity, OrdersNow

_ALL_COLUMNS = (
    AppRow.id,
    AppRow.name,
    AppRow.revision,
    AppRow.created_at,
    PolicyRow.process_type,
    PolicyRow.values,
    PolicyRow.set_by,
    AppRow.heroku_key,
    AppRow.platform,
    AppRow.platform_id,
    AppRow.web_url,
    *COLUMNS,
)
#: The columns that hold a secret.
_SECRETS = (AppRow.url, AppRow.token, AppRow.heroku_key)
#: What proves that the secrets were bound: encrypted, so that nobody else can write it.
_BOUND = "secrets_bound"
#: The pause of all apps.
_PAUSE = "fleet_pause"
_BOUND_PLACE = Place(Owner(0, ""), _BOUND)
#: What `_Secrets` needs of a row.
_STORED = (AppRow.id, AppRow.name, AppRow.platform_id, AppRow.heroku_key, *COLUMNS)


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
        *,
        platform_id: str = "",
        web_url: str = "",
        events: Sequence[Event] = (),
    ) -> RegisteredApp:
        """Register an app."""
        row = {
            "name": name,
            "revision": 1,
            "url": "",
            "platform_id": platform_id or None,
            "web_url": web_url or None,
        }
        with translate_errors(), self._engine.begin() as connection:
            try:
                made = insert(AppRow).values(created_at=at, **row)
                app_id = connection.execute(made.returning(AppRow.id)).scalar_one()
            except IntegrityError as exc:
                raise AppAlreadyRegistered(name) from exc
            # Its secrets are bound to its number, which is not known before.
            owner = Owner(app_id, name, platform_id or None)
            _change(
                connection, app_id, _columns(owner, address, heroku_key, self._cipher)
            )
            record_in(connection, events)
        return self.get(name)

    def remove(self, name: str, *, events: Sequence[Event] = ()) -> None:
        """Remove an app. Its events stay."""
        with translate_errors(), self._engine.begin() as connection:
            app_id = _app_id(connection, name)
            for table in (PolicyRow, FormerNameRow):
                connection.execute(delete(table).where(table.app_id == app_id))
            connection.execute(delete(AppRow).where(AppRow.id == app_id))
            record_in(connection, events)

    def get(self, name: str) -> RegisteredApp:
        """Return an app by name."""
        app = self._find_one(AppRow.id == self.app_key(name).id)
        if app is None:
            raise AppNotFound(name)
        return app

    def app_key(self, name: str) -> AppKey:
        """Return an app's key, without decrypting secrets; raises `AppNotFound`."""
        with translate_errors(), self._engine.connect() as connection:
            return _app_key(connection, name)

    def name_of(self, platform_id: str, platform: str = DEFAULT_PLATFORM) -> str:
        """Return the name of the app with an id of the platform; empty if none has."""
        query = select(AppRow.name).where(has_id(platform, platform_id))
        with translate_errors(), self._engine.connect() as connection:
            return connection.execute(query).scalar() or ""

    def identify(
        self,
        app_id: int,
        identity: Identity,
        at: datetime,
        address: CountsAddress | None = None,
    ) -> bool:
        """Store what the platform says of an app; return whether it was renamed."""
        with translate_errors(), self._engine.begin() as connection:
            one_at_a_time(connection, at)
            row = current_row(connection, app_id)
            if row is None:
                return False
            values: dict[str, Any] = {}
            if identity.platform_id != row.platform_id:
                same = has_id(row.platform, identity.platform_id)
                other = connection.execute(select(AppRow.name).where(same)).scalar()
                if other is not None:
                    raise AppAlreadyRegistered(other)
                values["platform_id"] = identity.platform_id
                values |= self._given_to(connection, app_id, identity.platform_id)
            if identity.web_url is not None and identity.web_url != row.web_url:
                values["web_url"] = identity.web_url
            if values:
                _change(connection, app_id, values)
            renamed = take_name(connection, row, identity.name, at)
            if renamed and address is not None:
                _change(connection, app_id, self._moved(connection, app_id, address))
            if renamed or values:
                _bump_revision(connection, app_id)
        return renamed

    def find(self, app_key: AppKey) -> RegisteredApp | None:
        """Return an app by its app key; None if it is no longer registered."""
        return self._find_one(AppRow.id == app_key.id)

    def orders(self, app_id: int) -> OrdersNow:
        """Return what is ordered of an app now, in one query."""
        query = (
            select(AppRow.revision, FactRow.value)
            .join(FactRow, FactRow.name == _PAUSE, isouter=True)
            .where(AppRow.id == app_id)
        )
        with translate_errors(), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return OrdersNow(row[0], load_pause(row[1])) if row else OrdersNow(None)

    def known_pause(self) -> FleetPause | None:
        """Return the pause of all apps."""
        return self.fleet_pause()

    def fleet_pause(self) -> FleetPause | None:
        """Return the pause of all apps that was ordered last; it may be over."""
        query = select(FactRow.value).where(FactRow.name == _PAUSE)
        with translate_errors(), self._engine.connect() as connection:
            return load_pause(connection.execute(query).scalar())

    def set_fleet_pause(
        self, pause: FleetPause | None, *, events: Sequence[Event] = ()
    ) -> None:
        """Pause all apps, or end that: one row, however many there are."""
        with translate_errors(), self._engine.begin() as connection:
            connection.execute(delete(FactRow).where(FactRow.name == _PAUSE))
            if pause is not None:
                row = {"name": _PAUSE, "value": dump_pause(pause)}
                connection.execute(insert(FactRow).values(row))
            record_in(connection, events)

    def set_policy(
        self,
        name: str,
        process_type: str,
        values: Mapping[str, str],
        *,
        read: AppKey | None = None,
        mark: Mark | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        """Replace the policy values of an app, or of one of its process types."""
        with translate_errors(), self._engine.begin() as connection:
            app_id = _bumped(connection, name, read)
            place = and_(
                PolicyRow.app_id == app_id, PolicyRow.process_type == process_type
            )
            before = connection.execute(
                select(PolicyRow.values, PolicyRow.set_by).where(place)
            ).one_or_none()
            connection.execute(delete(PolicyRow).where(place))
            if values:
                row = {
                    "app_id": app_id,
                    "process_type": process_type,
                    "values": json.dumps(dict(values)),
                    "set_by": dump_marks(_marked(before, values, mark)),
                }
                connection.execute(insert(PolicyRow).values(row))
            record_in(connection, events)

    def set_address(
        self,
        name: str,
        address: CountsAddress,
        *,
        read: AppKey | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        """Change an app's address."""
        with translate_errors(), self._engine.begin() as connection:
            app_id = _bumped(connection, name, read)
            _change(connection, app_id, self._moved(connection, app_id, address))
            record_in(connection, events)

    def set_heroku_key(
        self,
        name: str,
        heroku_key: Secret,
        *,
        read: AppKey | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        """Set an app's own Heroku key, or remove it."""
        with translate_errors(), self._engine.begin() as connection:
            app_id = _bumped(connection, name, read)
            encrypted = None
            if heroku_key:
                row = _stored(connection, app_id)
                place = _place_of_key(row, self._cipher)
                encrypted = self._cipher.encrypt(heroku_key, place)
            _change(connection, app_id, {"heroku_key": encrypted})
            record_in(connection, events)

    def own_heroku_keys(self) -> dict[Secret, list[str]]:
        """Return each app's own Heroku key, with the names of the apps that use it.

        Raises:
            SecretUnreadable: No secret key decrypts one of them.
        """
        query = (
            select(*_STORED).where(AppRow.heroku_key.is_not(None)).order_by(AppRow.name)
        )
        with translate_errors(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        apps: dict[Secret, list[str]] = {}
        for row in rows:
            key = _heroku_key(row, self._cipher)
            apps.setdefault(key, []).append(row.name)
        return apps

    def without_heroku_key(self, limit: int) -> list[str]:
        """Return the first apps that use the shared Heroku key."""
        query = select(AppRow.name).where(AppRow.heroku_key.is_(None))
        first = query.order_by(AppRow.id).limit(limit)
        with translate_errors(), self._engine.connect() as connection:
            return list(connection.execute(first).scalars())

    def unreadable_apps(self) -> dict[str, str]:
        """Decrypt every secret; return the apps with one that fails, and why."""
        query = select(*_STORED).order_by(AppRow.name)
        with translate_errors(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        found = {}
        for row in rows:
            try:
                address_from_row(_address(row), _owner(row), self._cipher)
                _heroku_key(row, self._cipher)
            except SecretUnreadable as exc:
                found[row.name] = str(exc)
        return found

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
        return self._count(
            or_(*(secret.not_like(f"{ENCRYPTED_PREFIX}%") for secret in _SECRETS))
        )

    def unbound(self) -> int:
        """Return how many apps have an encrypted secret that is not bound to them."""
        return self._count(or_(*(_is_unbound(secret) for secret in _SECRETS)))

    def reencrypt(self) -> int:
        """Re-encrypt every secret with the first secret key; return how many apps.

        Raises:
            SecretUnreadable: No secret key decrypts one of them; nothing changes.
            AppChanged: One was changed meanwhile; nothing changes.
        """
        if not self._cipher.encrypts:
            return 0
        with translate_errors(), self._engine.begin() as connection:
            if self._was_bound(connection):
                self._note_bound(connection)
            return self._rewrite(connection, self._cipher, bind=None)

    def bind(self) -> int | None:
        """Bind every secret to its app, once; return how many apps."""
        if not self._cipher.encrypts:
            return None
        with translate_errors(), self._engine.begin() as connection:
            if self._was_bound(connection):
                return None
            self._note_bound(connection)
            return self._rewrite(connection, self._cipher.lenient(), bind=True)

    def unbind(self) -> int:
        """Encrypt every secret as older versions do; return how many apps."""
        if not self._cipher.encrypts:
            return 0
        with translate_errors(), self._engine.begin() as connection:
            connection.execute(delete(FactRow).where(FactRow.name == _BOUND))
            return self._rewrite(connection, self._cipher.lenient(), bind=False)

    def _count(self, condition: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(AppRow).where(condition)
        with translate_errors(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def _was_bound(self, connection: Connection) -> bool:
        query = select(FactRow.value).where(FactRow.name == _BOUND)
        stored = connection.execute(query).scalar() or ""
        if not stored.startswith(BOUND_PREFIX):
            return False
        try:
            return bool(self._cipher.decrypt(stored, _BOUND, _BOUND_PLACE))
        except SecretUnreadable:
            return False

    def _note_bound(self, connection: Connection) -> None:
        connection.execute(delete(FactRow).where(FactRow.name == _BOUND))
        proof = self._cipher.encrypt(Secret("yes"), _BOUND_PLACE)
        connection.execute(insert(FactRow).values(name=_BOUND, value=proof))

    def _rewrite(
        self, connection: Connection, cipher: SecretCipher, *, bind: bool | None
    ) -> int:
        """Encrypt every secret anew: bound or not, or as it was (None)."""
        rows = connection.execute(select(*_STORED, AppRow.revision)).all()
        for row in rows:
            values = _rewritten(row, _owner(row), cipher, bind=bind)
            if not _bump_revision(connection, row.id, row.revision):
                raise AppChanged(row.name)
            _change(connection, row.id, values)
        return len(rows)

    def _given_to(
        self, connection: Connection, app_id: int, platform_id: str
    ) -> dict[str, Any]:
        """Return the secrets of an app, bound to another id of its platform."""
        row = _stored(connection, app_id)
        owner = Owner(row.id, row.name, platform_id)
        return _rewritten(row, owner, self._cipher, bind=None)

    def _moved(
        self, connection: Connection, app_id: int, address: CountsAddress
    ) -> dict[str, Any]:
        """Return the columns of another address, the Heroku key bound to it.

        A key that cannot be decrypted stays as it is.
        """
        row = _stored(connection, app_id)
        owner = _owner(row)
        try:
            key = _heroku_key(row, self._cipher)
        except SecretUnreadable:
            return address_columns(address, owner, self._cipher)
        return _columns(owner, address, key, self._cipher)

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
            former = _former_names(connection, rows[0].id)
        first = rows[0]
        owner = _owner(first)
        address = address_from_row(_address(first), owner, self._cipher)
        place = Place(owner, "heroku_key", address.url.origin)
        return RegisteredApp(
            first.id,
            first.name,
            address,
            first.revision,
            first.created_at,
            {row[4]: _parse_values(row[5]) for row in rows if row[4] is not None},
            self._cipher.decrypt(first.heroku_key, "Heroku key", place),
            first.platform,
            first.platform_id or "",
            first.web_url or "",
            former,
            {row[4]: load_marks(row[6]) for row in rows if row[6]},
        )


def _owner(row: Any) -> Owner:
    return Owner(row.id, row.name, row.platform_id)


def _address(row: Any) -> tuple[Any, ...]:
    return row.url, row.form, row.token, row.queues


def _stored(connection: Connection, app_id: int) -> Any:
    return connection.execute(select(*_STORED).where(AppRow.id == app_id)).one()


def _place_of_key(row: Any, cipher: SecretCipher) -> Place:
    owner = _owner(row)
    origin = cipher.decrypt_url(row.url, Place(owner, "url")).origin
    return Place(owner, "heroku_key", origin)


def _heroku_key(row: Any, cipher: SecretCipher) -> Secret:
    if row.heroku_key is None:
        return SHARED_KEY
    place = _place_of_key(row, cipher)
    return cipher.decrypt(row.heroku_key, "Heroku key", place)


def _columns(
    owner: Owner, address: CountsAddress, heroku_key: Secret, cipher: SecretCipher
) -> dict[str, Any]:
    """Return the columns of an address and a Heroku key, bound to their app."""
    place = Place(owner, "heroku_key", address.url.origin)
    return {
        **address_columns(address, owner, cipher),
        "heroku_key": cipher.encrypt(heroku_key, place),
    }


def _rewritten(
    row: Any, owner: Owner, cipher: SecretCipher, *, bind: bool | None
) -> dict[str, Any]:
    """Return the secrets of a row, encrypted anew for an owner.

    Args:
        row: The row, which may have another owner.
        owner: To whom they are bound.
        cipher: Decrypts and encrypts them.
        bind: Whether to bind them; None: those that are not unbound now.
    """
    address = address_from_row(_address(row), _owner(row), cipher)
    key = _heroku_key(row, cipher)
    values = _columns(owner, address, key, cipher)
    unbound = {
        "url": cipher.encrypt_url(address.url),
        "token": cipher.encrypt(address.token),
        "heroku_key": cipher.encrypt(key),
    }
    for column, text in unbound.items():
        before = getattr(row, column)
        stays_unbound = bind is None and before is not None and _looks_unbound(before)
        if bind is False or stays_unbound:
            values[column] = text
    return values


def _is_unbound(column: Any) -> ColumnElement[bool]:
    return and_(
        column.like(f"{ENCRYPTED_PREFIX}%"), column.not_like(f"{BOUND_PREFIX}%")
    )


def _looks_unbound(text: str) -> bool:
    return text.startswith(ENCRYPTED_PREFIX) and not text.startswith(BOUND_PREFIX)


def _app_key(connection: Connection, name: str) -> AppKey:
    """Return the key of the app with a name or, if there is none, that had it."""
    query = select(AppRow.id, AppRow.name, AppRow.revision)
    row = connection.execute(query.where(AppRow.name == name)).one_or_none()
    if row is None:
        had_it = (
            query.join(FormerNameRow, FormerNameRow.app_id == AppRow.id)
            .where(FormerNameRow.name == name, FormerNameRow.until > datetime.now(UTC))
            .order_by(FormerNameRow.until.desc())
        )
        row = connection.execute(had_it.limit(1)).one_or_none()
    if row is None:
        raise AppNotFound(name)
    return AppKey(*row)


def _former_names(connection: Connection, app_id: int) -> tuple[str, ...]:
    query = (
        select(FormerNameRow.name)
        .where(FormerNameRow.app_id == app_id, FormerNameRow.until > datetime.now(UTC))
        .order_by(FormerNameRow.until.desc())
    )
    return tuple(connection.execute(query).scalars())


def _app_id(connection: Connection, name: str) -> int:
    return _app_key(connection, name).id


def _bumped(connection: Connection, name: str, read: AppKey | None) -> int:
    """Increment an app's revision, which locks its row; return the app's id.

    Only if it is still the row that was read, if that is given.
    """
    app_id = _app_id(connection, name)
    revision = None if read is None else read.revision
    is_other = read is not None and read.id != app_id
    if is_other or not _bump_revision(connection, app_id, revision):
        raise AppChanged(name)
    return app_id


def _bump_revision(
    connection: Connection, app_id: int, revision: int | None = None
) -> bool:
    """Increment an app's revision, which locks its row; return whether it was done.

    Only if it is the given one, if that is given (compare and set).
    """
    row = AppRow.id == app_id
    if revision is not None:
        row &= AppRow.revision == revision
    done = connection.execute(
        update(AppRow).where(row).values(revision=AppRow.revision + 1)
    )
    return done.rowcount == 1


def _change(connection: Connection, app_id: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(AppRow).where(AppRow.id == app_id).values(**values))


def _marked(
    before: Any, values: Mapping[str, str], mark: Mark | None
) -> dict[str, Mark]:
    """Return who set each value: those that are what they were keep their mark."""
    old = _parse_values(before.values) if before else {}
    marks = dict(load_marks(before.set_by)) if before else {}
    for name, text in values.items():
        if old.get(name) != text:
            marks.pop(name, None)
            if mark is not None:
                marks[name] = mark
    return {name: one for name, one in marks.items() if name in values}


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
