"""The daemon tells others what happens here: it looks, writes down what is news, and sends it.

Nobody waits for it: it looks at the node by itself, every minute and when somebody says that
something happened.  News is durably in the queue of each hook before it counts as told, and is
sent only then.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

from mirror.daemon.hook_looking import look_at
from mirror.daemon.hook_status import hook_alarms, hook_status
from mirror.daemon.hook_targets import find_targets
from mirror.daemon.parts import now
from mirror.daemon.version import VERSION
from mirror.errors import MirrorError
from mirror.frozen import dataclass
from mirror.hooks.courier import Courier, Timing
from mirror.hooks.events import Speaker, encode_event, event_id
from mirror.hooks.news import news
from mirror.hooks.queue import HookQueue, Waiting, drop_others, file_name
from mirror.hooks.seen import find_seen, forget_seen, write_seen
from mirror.hooks.sending import sender_of
from mirror.hooks.targets import Target
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.threads import to_end
from mirror.upstream.politeness import user_agent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from mirror.config import Settings
    from mirror.daemon.log import Logger
    from mirror.daemon.status_document import Alarm, HookStatus, Status
    from mirror.hooks.events import Event
    from mirror.hooks.seen import Seen
    from mirror.storage.store import Store

_EVERY: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Told:
    target: Target
    courier: Courier


class Hooks:
    """Tells the hooks of *settings* what happens to *store*, from `open` to `close`.

    *status* says how the node is.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        log: Logger,
        status: Callable[[], Awaitable[Status]],
    ) -> None:
        self._settings = settings
        self._store = store
        self._log = log
        self._status = status
        self._files = Files(Disk())
        self._told: tuple[_Told, ...] = ()
        self._tasks: set[asyncio.Task[NoReturn]] = set()
        self._stirred = asyncio.Event()
        self._looking = asyncio.Lock()
        self._trouble = ""

    async def open(self) -> None:
        """Begin; raises `ConfigurationError` for a hook that can not be meant, `StorageError`."""
        data = self._settings.data_dir
        targets = await to_end(find_targets, self._settings, os.environ)
        names = [target.name for target in targets]
        for name, count in (await to_end(drop_others, data, names, self._files)).items():
            self._log.warning("a hook is no longer set: what waited is dropped", hook=name, n=count)
        if not targets:
            await to_end(forget_seen, data, self._files)
            return
        self._told = tuple([await self._opened(target) for target in targets])
        self._tasks = {asyncio.create_task(self._watch(), name="hooks")}

    async def _opened(self, target: Target) -> _Told:
        send = sender_of(target, os.environ, user_agent(VERSION, self._settings.contact or ""), now)
        queue = HookQueue(self._settings.data_dir, target.name, self._files)
        courier = Courier(target.name, queue, send, target.give_up_after, Timing(now))
        await courier.open()
        return _Told(target, courier)

    async def close(self) -> None:
        """Stop; what was not taken stays written down."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = set()

    def stir(self) -> None:
        """Look soon: something may have happened."""
        self._stirred.set()

    def status(self) -> tuple[HookStatus, ...]:
        """Say how each hook goes."""
        couriers = [one.courier for one in self._told]
        return tuple(hook_status(one.name, one.waiting, one.record, one.counts) for one in couriers)

    def alarms(self) -> tuple[Alarm, ...]:
        """Name the hooks that gave up."""
        return hook_alarms(self.status())

    async def _watch(self) -> NoReturn:
        async with asyncio.TaskGroup() as tasks:
            # What is written down from before is looked at first, so that nothing goes out twice.
            await self._look_or_say()
            for one in self._told:
                tasks.create_task(one.courier.run(), name=f"hook {one.courier.name}")
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_EVERY):
                        await self._stirred.wait()
                self._stirred.clear()
                await self._look_or_say()

    async def _look_or_say(self) -> None:
        try:
            await self.look()
        except MirrorError as error:
            if str(error) != self._trouble:
                self._log.warning("hooks can not look at the node", error=str(error))
            self._trouble = str(error)
        except Exception:  # noqa: BLE001 - the daemon serves on, whatever a look meets
            self._log.exception("hooks met an error that nobody foresaw")
        else:
            self._trouble = ""

    async def look(self) -> None:
        """Look once, and have what is news sent; raises `MirrorError`."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        data, moment = self._settings.data_dir, now()
        known = await to_end(find_seen, data)
        before, seen, found = await look_at(
            self._store, data, await self._status(), known, self._settings.transfer.inbox
        )
        events = news(before, seen, found)
        if events:
            seen = replace(seen, look=before.look + 1)
        elif seen == known:
            return
        entries = [self._waiting(seen, event, moment) for event in events]
        for one in self._told:
            await one.courier.keep(_wanted(one.target, entries))
        await to_end(write_seen, data, seen, self._files)
        for one in self._told:
            await one.courier.admit(_wanted(one.target, entries))

    def _waiting(self, seen: Seen, event: Event, moment: datetime) -> Waiting:
        node = self._store.node
        known_as = event_id(seen.epoch, seen.look, event)
        speaker = Speaker(node.node_id, node.lineage, self._settings.public_url)
        body = encode_event(event, speaker, moment).decode()
        return Waiting(
            file_name(seen.look, event.rank, known_as), known_as, event.kind, moment, body
        )


def _wanted(target: Target, entries: list[Waiting]) -> list[Waiting]:
    return [one for one in entries if one.kind in target.events]
