"""Which Redis is too old for a worker."""

from __future__ import annotations

import pytest

from scalar.adapters.redis.server_facts import RedisFacts


@pytest.mark.parametrize("version", ["5.0.14", "6.0.16", "6.1", "2.8.19"])
def test_a_redis_before_6_2_is_too_old(version):
    assert RedisFacts(version, 1).is_too_old


@pytest.mark.parametrize("version", ["6.2.0", "6.2", "7.0.15", "8.1.4", "10.0.0", "7"])
def test_6_2_and_what_came_after_it_is_not(version):
    assert not RedisFacts(version, 1).is_too_old
