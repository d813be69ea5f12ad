"""`mpmirror check --ledger`: follow the chain of the ledger, and write its lines if asked to."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO, Final

from mirror.cli.holder import refuse_unmade, store_or_holder
from mirror.cli.terminal import complain, say, say_json
from mirror.config import Settings
from mirror.errors import DamagedError, StorageError
from mirror.storage.disk import Disk
from mirror.storage.entries import Position
from mirror.storage.layout import Layout
from mirror.storage.ledger_export import exported_lines
from mirror.storage.store import StoreReader

_STANDARD_OUTPUT: Final = Path("-")


def check_ledger(settings: Settings, export: Path | None, *, as_json: bool) -> None:
    """Verify the ledger, then write its lines to *export* (``-``: standard output) if given.

    Ends with `DamagedError`'s exit status, and the line, when one is not as it was written.
    """
    end = asyncio.run(_checked(settings, export))
    if as_json and export != _STANDARD_OUTPUT:
        say_json({"ledger_lines": end.number, "digest": str(end.digest)})
        return
    tell = complain if export == _STANDARD_OUTPUT else say
    tell(f"{end.number} lines of the ledger follow each other; the last one is {end.digest}")


async def _checked(settings: Settings, export: Path | None) -> Position:
    end = await _verified(settings)
    if export is not None:
        lines = exported_lines(Layout(settings.data_dir).ledger, Disk(), end)
        await _write(export, lines)
    return end


async def _verified(settings: Settings) -> Position:
    await refuse_unmade(settings.data_dir)
    async with store_or_holder(settings) as store:
        if store is not None:
            end = await store.ledger.verify()
            # No later line vouches for the last one; the index does.
            head = await store.index.position()
            if end != head:
                raise DamagedError(
                    f"line {end.number} of the ledger is {end.digest}, and not the one that the "
                    f"database has seen last: line {head.number}, {head.digest}"
                )
            return end
    reader = await StoreReader.open_for_reading(settings.data_dir)
    return await reader.ledger.verify()


async def _write(export: Path, lines: AsyncGenerator[bytes, None]) -> None:
    if export == _STANDARD_OUTPUT:
        await _write_to(sys.stdout.buffer, lines)
        return
    part = export.with_name(f".{export.name}.part")
    try:
        with part.open("wb") as file:
            await _write_to(file, lines)
            await asyncio.to_thread(os.fsync, file.fileno())
        part.replace(export)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageError(f"writing {export}: {error.strerror}") from error


async def _write_to(file: BinaryIO, lines: AsyncGenerator[bytes, None]) -> None:
    async with aclosing(lines) as each:
        async for line in each:
            await asyncio.to_thread(file.write, line)
    await asyncio.to_thread(file.flush)
