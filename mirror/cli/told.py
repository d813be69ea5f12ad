"""How a file that came from a mirror is told: to a person with its command, or as JSON."""

from collections.abc import Callable, Iterator
from typing import Final

from mirror.cli.terminal import Steps, say
from mirror.client.getting import Got
from mirror.client.trust import Trust
from mirror.errors import UnflashableError
from mirror.publication.flashing import Tool, Way
from mirror.publication.words import checked_words

_MOST_QUOTED: Final = 30


def reporting(steps: Steps) -> Callable[[int, int], None]:
    """Return what shows in *steps* how many bytes of how many are here."""

    def report(done: int, total: int) -> None:
        steps.show("get", done, total, f"{total / 1_000_000:,.1f} MB")

    return report


def document_of(got: Got, trust: Trust) -> dict[str, object]:
    """Return *got* as JSON has it; ``commands`` are argument lists, for no shell."""
    brought, file = got.brought, got.file
    try:
        steps = [list(step.words) for step in got.way().steps(str(brought.path))]
        unflashable = None
    except UnflashableError as error:
        steps, unflashable = [], str(error)
    return {
        "file": str(brought.path),
        "board": file.board,
        "variant": file.variant,
        "version": file.version,
        "kind": file.kind.value,
        "sha256": file.digest.hex,
        "size": file.size,
        "chip": file.chip,
        "offset": file.offset,
        "conclusion": brought.verdict.conclusion.value,
        "words": checked_words(brought.verdict),
        "trust": trust.words,
        "key": trust.key,
        "there": brought.there,
        "resumed_from": brought.resumed_from,
        "replaced": None if brought.replaced is None else brought.replaced.hex,
        "commands": steps,
        "no_command": unflashable,
        "instructions": list(got.instructions()),
    }


def tell(got: Got, trust: Trust) -> None:
    """Say to a person what is here, why it is believed, and how it gets onto the board."""
    for line in _lines(got, trust):
        say(line)


def _lines(got: Got, trust: Trust) -> Iterator[str]:
    brought, verdict = got.brought, got.brought.verdict
    yield f"{brought.path}: {verdict.conclusion}{', it was here already' * brought.there}"
    yield f"  sha256: {brought.digest.hex}, {brought.size:,} bytes"
    yield f"  published: {trust.words}"
    yield f"  here: {checked_words(verdict)}"
    if brought.resumed_from:
        yield f"  continued after {brought.resumed_from:,} bytes of an earlier command"
    if brought.replaced:
        yield f"  replaced a file of this name with other bytes, sha256 {brought.replaced.hex}"
    try:
        way = got.way()
    except UnflashableError as error:
        yield f"No flashing command: {error}."
        return
    yield from _flashing(got, way)


def _flashing(got: Got, way: Way) -> Iterator[str]:
    quoted = got.instructions()
    if quoted:
        yield f"Put the board into its update mode.  Upstream says of {got.file.board}:"
        yield from (f"  | {text}" for text in quoted[:_MOST_QUOTED])
        if len(quoted) > _MOST_QUOTED:
            yield f"  | … and {len(quoted) - _MOST_QUOTED} more passages: --json has all"
    yield "Then:" if quoted else "When the board is in its update mode:"
    for step in way.steps(str(got.brought.path)):
        yield f"  {step.quoted()}"
    yield from _hint(way)


def _hint(way: Way) -> Iterator[str]:
    if way.tool is Tool.COPY and way.volume:
        called = f", usually {way.volume.label}" if way.volume.label else ""
        yield f"VOLUME is where the volume of the boot loader is mounted{called}."
    if way.erases:
        yield "Before the first MicroPython on a board, erase it: mpmirror flash --erase does both."
