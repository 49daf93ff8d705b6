"""What a Heroku account is called where many can read it."""

from __future__ import annotations

import hashlib

from scalar.adapters.redis.account_names import AccountNames
from scalar.core.secret import NO_SECRET, Secret

SHARED, KEY = Secret("the-key-of-all"), Secret("HRKU-own-key")


def names(*secrets: str, shared: Secret = SHARED) -> AccountNames:
    return AccountNames(shared, *map(Secret, secrets))


def test_apps_with_one_key_share_one_account():
    assert names("a").of(KEY) == names("a").of(Secret(KEY.reveal())) != ""
    assert names("a").of(KEY) != names("a").of(Secret("another"))


def test_the_account_of_all_apps_has_no_name():
    assert names("a").of(NO_SECRET) == ""
    assert names("a").of(SHARED) == ""
    assert names("a", shared=NO_SECRET).of(NO_SECRET) == ""


def test_a_name_cannot_be_compared_with_the_hash_of_a_guess():
    """Only who knows the secrets of this installation can make it."""
    name = names("secret").of(KEY)

    hashes = [
        hashlib.new(kind, KEY.reveal().encode()).hexdigest()
        for kind in ("md5", "sha1", "sha256", "sha512")
    ]
    assert not [made for made in hashes if name in made]
    assert name != names("guess").of(KEY)
    assert names("a", "b").of(KEY) != names("ab").of(KEY)
    assert KEY.reveal() not in name
