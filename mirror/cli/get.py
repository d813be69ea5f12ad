"""`mpmirror get`: a verified file from a mirror, and the command that brings it onto its board."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer

from mirror.cli.terminal import Steps, complain, say_json
from mirror.cli.told import document_of, reporting, tell
from mirror.cli.wishes import (
    DEFAULT_CHANNEL,
    AsJson,
    Channel,
    Folder,
    From,
    Key,
    NewLineage,
    OfKind,
    OfMaturity,
    Variant,
    Version,
    asked,
    meant,
    run,
)
from mirror.client.choosing import Wish
from mirror.client.getting import Got, get_chosen, get_locked
from mirror.client.lockfile import LOCK_NAME, MOST_BYTES, LockedFile, parse_lock
from mirror.client.session import Session
from mirror.client.trust import Trust
from mirror.errors import (
    ConfigurationError,
    IncompleteError,
    RefusedError,
    UnreadableFileError,
)
from mirror.frozen import dataclass


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came, what did not, and why the mirror is believed."""

    got: Sequence[Got]
    trust: Trust
    missing: int = 0


def get(  # noqa: PLR0913 - an option each
    address: From,
    build: Annotated[
        str | None,
        typer.Argument(help="Board, or a variant of it.", metavar="BOARD[-VARIANT]"),
    ] = None,
    *,
    variant: Variant = None,
    version: Version = None,
    maturity: OfMaturity = None,
    kind: OfKind = None,
    channel: Channel = DEFAULT_CHANNEL,
    folder: Folder = Path(),
    locked: Annotated[
        bool, typer.Option("--locked", help="Take exactly what the lock says, or fail.")
    ] = False,
    lock: Annotated[
        Path, typer.Option("--lock-file", help="The lock of --locked.", metavar="FILE")
    ] = Path(LOCK_NAME),
    key: Key = None,
    new_lineage: NewLineage = False,
    as_json: AsJson = False,
) -> None:
    """Get a file from a mirror, verified here, and the command that brings it onto its board."""
    wish = Wish(variant=variant, version=version, maturity=maturity, kind=kind)
    conversation = asked(address, channel, key, new_lineage=new_lineage)
    if locked:
        if wish != Wish():
            raise ConfigurationError("--locked takes what the lock says: no other wish fits it")
        answer = run(_all_locked(conversation, read_lock(lock, build), folder))
    elif build is None:
        raise ConfigurationError("say which board, or --locked for all of the lock")
    else:
        answer = run(_one(conversation, build, wish, folder))
    _conclude(answer, as_json=as_json)


def read_lock(path: Path, build: str | None) -> tuple[LockedFile, ...]:
    """Return what the lock *path* says, of one *build* if it is named."""
    try:
        with path.open("rb") as file:
            lock = parse_lock(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise UnreadableFileError(f"{path} can not be read: {error.strerror or error}") from error
    chosen = tuple(one for one in lock.files if build in (None, one.build))
    if not chosen:
        builds = ", ".join(dict.fromkeys(one.build for one in lock.files)) or "nothing"
        raise IncompleteError(f"{path} has nothing for {build or 'any board'}: it locks {builds}")
    return chosen


async def _one(
    conversation: AbstractAsyncContextManager[Session], build: str, wish: Wish, folder: Path
) -> _Answer:
    board, exact = meant(build, wish)
    async with conversation as session:
        with Steps() as steps:
            got = await get_chosen(session, board, exact, folder, reporting(steps))
        return _Answer([got], session.trust)


async def _all_locked(
    conversation: AbstractAsyncContextManager[Session], files: Sequence[LockedFile], folder: Path
) -> _Answer:
    got, missing = [], 0
    async with conversation as session:
        with Steps() as steps:
            for file in files:
                try:
                    got.append(await get_locked(session, file, folder, reporting(steps)))
                except RefusedError as error:
                    # The others are told too: what is missing is known at once.
                    complain(str(error))
                    missing += 1
        return _Answer(got, session.trust, missing)


def _conclude(answer: _Answer, *, as_json: bool) -> None:
    if as_json:
        say_json([document_of(one, answer.trust) for one in answer.got])
    else:
        for one in answer.got:
            tell(one, answer.trust)
    if answer.missing:
        count = answer.missing + len(answer.got)
        raise IncompleteError(f"{answer.missing} of {count} files of the lock are not to be had")
