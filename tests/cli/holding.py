"""A daemon in the test's own process, for commands that find the data held."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mirror.cache.on_demand import OnDemand
from mirror.daemon.log import logging_as
from mirror.daemon.operations import Operations
from mirror.daemon.parts import on_demand_terms_of
from mirror.daemon.reach import Reach
from mirror.web.admin import make_admin_app
from mirror.web.listening import unix_socket
from mirror.web.server import serving
from tests.sync.node import node_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.config import Settings
    from tests.sync.node import TestNode


@asynccontextmanager
async def holding(settings: Settings) -> AsyncIterator[TestNode]:
    """Hold the data of *settings* and answer operators, as a daemon does."""
    with logging_as(settings.log) as log:
        async with (
            node_at(settings.data_dir, settings.upstream.url) as node,
            Reach(settings, node.store, node.sandbox) as reach,
            OnDemand(node.store, reach, on_demand_terms_of(settings)) as on_demand,
        ):
            operations = Operations(settings, node.store, reach, on_demand, log)
            app = make_admin_app(operations, "0" * 32)
            with unix_socket(settings.admin_listen.path) as listener:
                async with serving(app, [listener]):
                    yield node
