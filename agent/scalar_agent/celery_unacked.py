"""Remember what the unacknowledged messages in Redis are.

A message does not change, so each is read once and known by its delivery tag from
then on. Only new ones are read.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Optional

from scalar_agent.celery_found import Job, Times

#: Messages to remember: about 30 MB.
MOST_TAGS = 130_000

#: Number of the place, whether it has an ETA or expires, three times (NaN for None),
#: and the id if it is a UUID.
_PACKED = struct.Struct("<I?ddd16s")
_HEAD = struct.Struct("<I?")
_NO_ID = bytes(16)
#: In the index, but no message: nobody will ever get it.
_NOTHING = b""

#: Where a message was sent: exchange and routing key.
Place = tuple[str, str]


class Unacked:
    """What is known of the unacknowledged messages."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}
        self._ids: dict[bytes, str] = {}
        self._numbers: dict[Place, int] = {}

    def known(self, tags: Iterable[bytes]) -> set[bytes]:
        """Return those of some tags whose messages are known."""
        return {tag for tag in tags if self._known.get(tag)}

    def unknown(self, tags: Iterable[bytes]) -> list[bytes]:
        """Return those of some tags that are not known yet."""
        return [tag for tag in tags if tag not in self._known]

    def learn(self, tag: bytes, place: Place, job: Optional[Job]) -> None:
        """Note the message of a tag; None if there is none."""
        if len(self._known) >= MOST_TAGS:
            return
        if job is None:
            self._known[tag] = _NOTHING
            return
        id_ = _packed_id(job.key[0])
        if id_ == _NO_ID and job.key[0]:
            self._ids[tag] = job.key[0]
        number = self._numbers.setdefault(place, len(self._numbers))
        times = (math.nan if time is None else time for time in job.times)
        is_special = job.times.eta is not None or job.times.expires is not None
        self._known[tag] = _PACKED.pack(number, is_special, *times, id_)

    def places(self) -> list[Place]:
        """Return where the known messages were sent."""
        return list(self._numbers)

    def keep_only(self, tags: Iterable[bytes]) -> None:
        """Forget all others."""
        kept = set(tags)
        if len(self._known) > len(kept) + 100:
            self._known = {tag: x for tag, x in self._known.items() if tag in kept}
            self._ids = {tag: x for tag, x in self._ids.items() if tag in kept}

    def plain(self, tags: Iterable[bytes]) -> dict[Place, int]:
        """Count those without an ETA or an expiry by where they were sent."""
        known, size = self._known, _HEAD.size
        heads = Counter(known.get(tag, _NOTHING)[:size] for tag in tags)
        del heads[_NOTHING]
        places = list(self._numbers)
        counts: dict[Place, int] = {}
        for head, number in heads.items():
            place, is_special = _HEAD.unpack(head)
            if not is_special:
                counts[places[place]] = number
        return counts

    def messages(
        self, tags: Iterable[bytes], *, only_special: bool = False
    ) -> Iterator[tuple[bytes, Place, Times, str]]:
        """Yield tag, place, times and id of those that are known.

        Args:
            tags: Which ones.
            only_special: Only those with an ETA or an expiry.
        """
        places, flag = list(self._numbers), _HEAD.size - 1
        for tag in tags:
            packed = self._known.get(tag)
            if packed and (packed[flag] or not only_special):
                number, _, eta, expires, sent_at, id_ = _PACKED.unpack(packed)
                times = Times(_time(eta), _time(expires), _time(sent_at))
                yield tag, places[number], times, self._ids.get(tag) or _id(id_)


def _time(value: float) -> Optional[float]:
    return None if math.isnan(value) else value


def _packed_id(text: str) -> bytes:
    try:
        packed = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return _NO_ID
    return packed if len(packed) == len(_NO_ID) and _id(packed) == text else _NO_ID


def _id(packed: bytes) -> str:
    if packed == _NO_ID:
        return ""
    text = packed.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
