"""What the tests of the commands share."""

from __future__ import annotations

import pytest

from tests.unit.world_cli import WorldCli


@pytest.fixture
def cli() -> WorldCli:
    """Commands on a world without apps."""
    return WorldCli()


@pytest.fixture
def shop_cli(cli: WorldCli) -> WorldCli:
    """Commands on a world with the app `shop`: one worker, whose count wants three."""
    cli.world.add(worker=1, web=1)
    cli.world.report({"worker": 25})
    return cli
