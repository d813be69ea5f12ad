"""`mpmirror quarantine list|show DIGEST`: what was refused or recalled, and why."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from mirror.catalog.values import Digest
from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import say, say_json
from mirror.config import Settings
from mirror.daemon.parts import now
from mirror.errors import ArtifactNotFoundError, ConfigurationError, MalformedValueError
from mirror.storage.disk import Disk
from mirror.storage.entries import Refusal
from mirror.storage.files import Files
from mirror.storage.layout import Layout
from mirror.storage.quarantine import Bounds, Quarantine
from mirror.sync.publish import stamp


class Question(StrEnum):
    """What can be asked."""

    LIST = "list"
    SHOW = "show"


def quarantine(
    context: typer.Context,
    question: Annotated[Question, typer.Argument(metavar="list|show", show_default=False)],
    digest: Annotated[
        str | None, typer.Argument(help="sha256:… of the bytes.", metavar="DIGEST")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Say what lies in quarantine, and why; nothing of it is ever served."""
    settings = invocation_of(context).settings()
    notes = asyncio.run(_notes(settings, _wanted(question, digest)))
    if as_json:
        say_json([_document(settings, note) for note in notes])
    elif question is Question.LIST:
        _list(notes)
    else:
        _show(settings, notes[0])


def _wanted(question: Question, digest: str | None) -> Digest | None:
    if question is Question.LIST:
        if digest is not None:
            raise ConfigurationError("quarantine list takes no digest: quarantine show does")
        return None
    if digest is None:
        raise ConfigurationError("quarantine show needs a digest: quarantine list names them")
    try:
        return Digest.parse(digest)
    except MalformedValueError as error:
        raise ConfigurationError(str(error)) from error


async def _notes(settings: Settings, wanted: Digest | None) -> list[Refusal]:
    """Return the notes, oldest first; this takes no lock and runs beside a daemon."""
    layout = Layout(settings.data_dir)
    await asyncio.to_thread(layout.refuse_other_format)
    kept = Quarantine(layout.quarantine, Files(Disk()), Bounds(), now)
    if wanted is None:
        return await kept.notes()
    note = await kept.find_note(wanted)
    if note is None:
        raise ArtifactNotFoundError(f"{wanted} is not in quarantine")
    return [note]


def _list(notes: list[Refusal]) -> None:
    for note in notes:
        say(f"{stamp(note.time)}  {note.digest}  {note.size} bytes  {note.name}: {_verdict(note)}")
    total = sum(note.size or 0 for note in notes)
    say(f"{len(notes)} files in quarantine, {total / 1e6:,.1f} MB, never served")


def _show(settings: Settings, note: Refusal) -> None:
    say(f"digest: {note.digest}")
    say(f"name: {note.name}")
    say(f"from: {note.url}")
    say(f"since: {stamp(note.time)}")
    say(f"size: {note.size} bytes")
    say(f"verdict: {_verdict(note)}")
    for reason in note.reasons:
        say(f"  {reason.rule}: {reason.text}")
    say(f"bytes: {_path(settings, note)}")
    if any(reason.rule == "bytes-changed" for reason in note.reasons):
        say(f"to take them: mpmirror accept {note.name} {note.digest} --why '…'")


def _verdict(note: Refusal) -> str:
    rules = {reason.rule for reason in note.reasons}
    word = next((rule for rule in ("recalled", "bytes-changed") if rule in rules), "refused")
    return f"{word}: {'; '.join(reason.text for reason in note.reasons)}"


def _path(settings: Settings, note: Refusal) -> str:
    return str(Layout(settings.data_dir).quarantine / (note.digest.hex if note.digest else ""))


def _document(settings: Settings, note: Refusal) -> dict[str, object]:
    return {
        "digest": str(note.digest),
        "name": note.name,
        "url": note.url,
        "time": stamp(note.time),
        "size": note.size,
        "verdict": _verdict(note),
        "reasons": [{"rule": one.rule, "text": one.text} for one in note.reasons],
        "path": _path(settings, note),
    }
