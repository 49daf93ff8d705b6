"""A secret can be decrypted where it was stored, and nowhere else."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from scalar.adapters.sql.secret_cipher import BOUND_PREFIX, Owner, Place, SecretCipher
from scalar.core.errors import SecretUnreadable
from scalar.core.secret import NO_SECRET, Secret

KEY = Fernet.generate_key().decode()
OWN = Secret("HRKU-hunter2")
SHOP, MINE = Owner(1, "shop", "id-1"), Owner(2, "shop", "id-1")
HERE = Place(SHOP, "token", "https://shop.example")


@pytest.fixture
def cipher():
    return SecretCipher(Secret(KEY))


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(Place(MINE, "token", HERE.origin), id="another app"),
        pytest.param(
            Place(Owner(1, "shop", "id-2"), "token", HERE.origin), id="another id"
        ),
        pytest.param(Place(Owner(1, "shop"), "token", HERE.origin), id="without an id"),
        pytest.param(Place(SHOP, "heroku_key", HERE.origin), id="another column"),
        pytest.param(Place(SHOP, "token", "https://mine.example"), id="another host"),
        pytest.param(Place(SHOP, "token", "http://shop.example"), id="another scheme"),
        pytest.param(Place(SHOP, "token"), id="no host"),
    ],
)
def test_a_place_is_part_of_the_key(cipher, place):
    stored = cipher.encrypt(OWN, HERE)
    assert cipher.decrypt(stored, "token", HERE) == OWN

    with pytest.raises(SecretUnreadable, match="copied from another app"):
        cipher.decrypt(stored, "token", place)


def test_what_is_not_bound_is_read_until_it_is_refused(cipher):
    strict = SecretCipher(Secret(KEY), refuses_unbound=True)
    for stored in (cipher.encrypt(OWN), OWN.reveal()):
        assert cipher.decrypt(stored, "token", HERE) == OWN
        with pytest.raises(SecretUnreadable, match=r'of app "shop" is not bound'):
            strict.decrypt(stored, "token", HERE)

    assert strict.decrypt(cipher.encrypt(OWN, HERE), "token", HERE) == OWN
    assert strict.decrypt(None, "token", HERE) == NO_SECRET


def test_the_mark_of_a_bound_text_decides_nothing(cipher):
    """Without it the text is taken for an unbound one, and fits no key."""
    bound = cipher.encrypt(OWN, HERE)
    assert bound.startswith(BOUND_PREFIX)

    with pytest.raises(SecretUnreadable):
        cipher.decrypt(bound.replace("bound:", ""), "token", HERE)
    unbound = cipher.encrypt(OWN).replace("fernet:", BOUND_PREFIX)
    with pytest.raises(SecretUnreadable):
        cipher.decrypt(unbound, "token", HERE)


def test_a_name_may_change_once_the_id_is_known(cipher):
    stored = cipher.encrypt(OWN, HERE)
    renamed = Place(Owner(1, "store", "id-1"), "token", HERE.origin)
    assert cipher.decrypt(stored, "token", renamed) == OWN
    unknown = Place(Owner(1, "shop"), "token", HERE.origin)
    stored = cipher.encrypt(OWN, unknown)

    assert cipher.decrypt(stored, "token", unknown) == OWN
    with pytest.raises(SecretUnreadable):
        cipher.decrypt(stored, "token", Place(Owner(1, "s"), "token", HERE.origin))
