"""Naming Heroku accounts in Redis without revealing their keys."""

from __future__ import annotations

import hashlib

from scalar.adapters.redis.account_names import AccountNames
from scalar.core.secret import NO_SECRET, Secret

SHARED, OWN = Secret("shared-key"), Secret("HRKU-own-key")


def names(*secrets: str, shared: Secret = SHARED) -> AccountNames:
    return AccountNames(shared, *map(Secret, secrets))


def test_apps_with_one_heroku_key_share_an_account():
    assert names("a").of(OWN) == names("a").of(Secret(OWN.reveal())) != ""
    assert names("a").of(OWN) != names("a").of(Secret("another"))


def test_the_shared_account_has_an_empty_name():
    assert names("a").of(NO_SECRET) == ""
    assert names("a").of(SHARED) == ""
    assert names("a", shared=NO_SECRET).of(NO_SECRET) == ""


def test_a_name_cannot_be_matched_by_hashing_a_guessed_key():
    """Computing it requires the secrets of this installation."""
    name = names("secret").of(OWN)

    hashes = [
        hashlib.new(kind, OWN.reveal().encode()).hexdigest()
        for kind in ("md5", "sha1", "sha256", "sha512")
    ]
    assert not [made for made in hashes if name in made]
    assert name != names("guess").of(OWN)
    assert names("a", "b").of(OWN) != names("ab").of(OWN)
    assert OWN.reveal() not in name
