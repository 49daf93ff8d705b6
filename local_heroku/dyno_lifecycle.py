"""The lifecycle of a dyno.

```
             boot time             24 h to 27.6 h
  starting ------------> up ------------------> cycled (restarted)
     |                   |  crash
     |  scale down,      | -------> crashed
     |  restart, release |             |
     v                   v             v
  stopping <---------------------------+
     |  stop time
     v
   gone
```

A restart starts a new dyno of the same name at once, while the old one is
still stopping. Scaling down stops the highest numbers first. Cycling: Dev
Center, "Automatic dyno restarts".

On Fir a dyno is a Kubernetes pod: each has a name of its own,
`worker-23z34x56y-w78k9`, whose middle part changes with each release (Dev Center,
"Dyno startup behavior"). Which ones stop is not documented: those that are not up
first, then any, in an order that is the same in every run and follows from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_DNS, UUID, uuid5

from local_heroku.apps import RELEASE_TYPE, App, Dyno, DynoState, FormationRow
from local_heroku.ids import Ids
from local_heroku.sizes import Generation

CYCLE_AFTER = timedelta(hours=24)
CYCLE_SPREAD_MINUTES = 216
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class DynoLifecycle:
    """Starts and stops dynos; `boot` and `stop` say how long that takes."""

    ids: Ids
    boot: timedelta
    stop: timedelta

    def reconcile(self, app: App, now: datetime, *, already_up: bool = False) -> None:
        """Start and stop dynos to match the formation.

        With `already_up` new dynos skip the boot, for an app that is created
        as a running one.
        """
        for row in app.formation.values():
            if row.type == RELEASE_TYPE:
                continue
            running = app.listed_dynos(row.type)
            if app.generation is Generation.FIR:
                running.sort(key=_stays_on_fir, reverse=True)
            for dyno in running[row.quantity :]:
                self._stop(dyno, now)
            for number in _missing(app, running, row.quantity):
                self._start(app, row, number, now, already_up=already_up)

    def restart(self, app: App, dyno: Dyno, now: datetime) -> None:
        """Stop the dyno and start another, on Cedar with the same name."""
        self._stop(dyno, now)
        self._start(app, app.formation[dyno.type], dyno.number, now)

    def crash(self, dyno: Dyno, now: datetime) -> None:
        """Crash the dyno; it stays crashed until it is restarted."""
        dyno.state = DynoState.CRASHED
        dyno.updated_at = now
        dyno.due = None

    def advance(self, app: App, now: datetime) -> None:
        """Make every state change due by now, each at the time it was due."""
        while due := [
            (dyno.due, dyno) for dyno in app.dynos if dyno.due and dyno.due <= now
        ]:
            for moment, dyno in sorted(due, key=lambda pair: pair[0]):
                self._step(app, dyno, moment)

    def _step(self, app: App, dyno: Dyno, moment: datetime) -> None:
        if dyno.state is DynoState.STOPPING:
            app.dynos.remove(dyno)
        elif dyno.state is DynoState.STARTING:
            self._up(dyno, moment)
        else:
            self.restart(app, dyno, moment)

    def _start(
        self,
        app: App,
        row: FormationRow,
        number: int | None,
        now: datetime,
        *,
        already_up: bool = False,
    ) -> None:
        dyno_id = self.ids.new("dyno")
        release = app.releases[-1]
        set_and_pod = f"{_letters(release.id, 9)}-{_letters(dyno_id, 5)}"
        dyno = Dyno(
            id=dyno_id,
            type=row.type,
            number=number,
            name=f"{row.type}.{number}" if number else f"{row.type}-{set_and_pod}",
            command=row.command,
            size=row.size,
            release=release,
            state=DynoState.STARTING,
            created_at=now,
            updated_at=now,
            due=now + self.boot,
        )
        if already_up:
            self._up(dyno, now)
        app.dynos.append(dyno)

    def _up(self, dyno: Dyno, now: datetime) -> None:
        spread = timedelta(minutes=UUID(dyno.id).int % (CYCLE_SPREAD_MINUTES + 1))
        dyno.state = DynoState.UP
        dyno.updated_at = now
        dyno.due = now + CYCLE_AFTER + spread

    def _stop(self, dyno: Dyno, now: datetime) -> None:
        dyno.state = DynoState.STOPPING
        dyno.updated_at = now
        dyno.due = now + self.stop


def _missing(app: App, running: list[Dyno], quantity: int) -> list[int | None]:
    """Return the numbers of the dynos to start; None for each on Fir."""
    if app.generation is Generation.FIR:
        return [None] * (quantity - len(running))
    taken = {dyno.number for dyno in running}
    return [number for number in range(1, quantity + 1) if number not in taken]


def _stays_on_fir(dyno: Dyno) -> tuple[bool, str]:
    return dyno.state is DynoState.UP, str(uuid5(NAMESPACE_DNS, dyno.id))


def _letters(uuid: str, number: int) -> str:
    """Return this many letters and digits that follow from a uuid."""
    rest, letters = UUID(uuid).int, ""
    for _ in range(number):
        rest, digit = divmod(rest, len(LETTERS))
        letters += LETTERS[digit]
    return letters
