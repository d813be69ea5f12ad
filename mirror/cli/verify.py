"""`mpmirror verify`: judge files that somebody hands us, wherever they came from.

A file is measured against what its name says, where the name is one of upstream's, and
against what the options say; a name that says nothing leaves the content to speak.  The
bytes are parsed in the limited child process only.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from io import BufferedReader
from pathlib import Path
from typing import Annotated

import typer

from mirror.catalog.names import ArtifactName
from mirror.claims import claim_of_name
from mirror.cli.evidence import tell_evidence
from mirror.cli.invocation import invocation_of
from mirror.cli.readable import opened
from mirror.cli.terminal import complain, say, say_json
from mirror.errors import RefusedError, StorageError, UnrecognisedNameError
from mirror.first_setup import find_board
from mirror.formats.verdict import Claim, Conclusion, Finding, ImageFacts, Verdict
from mirror.frozen import dataclass
from mirror.publication.words import checked_words
from mirror.sandbox import Sandbox
from mirror.sandbox.launch import Ahead
from mirror.shapes import Shape

_VERDICT = Shape(Verdict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found about one file."""

    path: Path
    size: int
    sha256: str
    claim: Claim
    verdict: Verdict

    def document(self) -> dict[str, object]:
        """Return the judgement as JSON has it."""
        return {
            "file": str(self.path),
            "size": self.size,
            "sha256": self.sha256,
            "claim": asdict(self.claim),
            "accepted": self.verdict.accepted,
            "words": checked_words(self.verdict),
            **_VERDICT.dump_python(self.verdict, mode="json"),
        }

    def lines(self) -> Iterator[str]:
        """Say the judgement to a person."""
        verdict, identity = self.verdict, self.verdict.identity
        yield f"{self.path}: {verdict.conclusion}"
        yield f"  {checked_words(verdict)}"
        yield "  origin: a file of yours, not signed by MicroPython"
        yield f"  sha256: {self.sha256}"
        yield f"  size: {self.size:,} bytes"
        if verdict.facts:
            yield from _facts(verdict.facts)
        found = {"version": identity.versions, "date": identity.dates, "machine": identity.machines}
        yield from (
            f"  {word} inside: {', '.join(texts)}" for word, texts in found.items() if texts
        )
        yield f"  checksummed: {verdict.checksummed}"
        yield from (f"  limit: {limit}" for limit in verdict.limits)


def verify(  # noqa: PLR0913 - each parameter is an option
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files to judge.", metavar="FILE...")],
    port: Annotated[str | None, typer.Option(help="MicroPython port, such as rp2.")] = None,
    mcu: Annotated[str | None, typer.Option(help="MCU, such as rp2040 or esp32s3.")] = None,
    board: Annotated[str | None, typer.Option(help="Board id, instead of the name's.")] = None,
    variant: Annotated[str | None, typer.Option(help="Variant, instead of the name's.")] = None,
    *,
    evidence: Annotated[
        bool,
        typer.Option("--evidence", help="Say what the ledger knows of these bytes instead."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Judge files: their structure, and whether they are what their name says."""
    if evidence:
        tell_evidence(invocation_of(context).settings().data_dir, files, as_json=as_json)
        return
    options = {"port": port, "mcu": mcu, "board": board, "variant": variant}
    said = {key: text for key, text in options.items() if text}
    judged = asyncio.run(_judge_all(files, said, invocation_of(context).reader))
    if as_json:
        say_json([judgement.document() for judgement in judged])
    else:
        for judgement in judged:
            for line in judgement.lines():
                say(line)
    _conclude(len(files), judged)


def _conclude(asked: int, judged: Sequence[Judgement]) -> None:
    refused = sum(not judgement.verdict.accepted for judgement in judged)
    if len(judged) < asked:
        raise StorageError(f"{asked - len(judged)} of {asked} files could not be read")
    if refused:
        raise RefusedError(f"{refused} of {asked} files refused")


async def _judge_all(
    paths: Sequence[Path], said: Mapping[str, str], reader: Ahead | None
) -> list[Judgement]:
    judged = []
    async with Sandbox(processes=1, ahead=reader) as sandbox:
        for path in paths:
            try:
                with opened(path) as (file, size):
                    judged.append(await _judge(sandbox, path, file, size, _claim(path.name, said)))
            except StorageError as error:
                complain(str(error))
    return judged


async def _judge(
    sandbox: Sandbox, path: Path, file: BufferedReader, size: int, claim: Claim
) -> Judgement:
    digest = await asyncio.to_thread(hashlib.file_digest, file, "sha256")
    try:
        verdict = await sandbox.verify_image(file, size, claim)
    except RefusedError as error:
        # A parser that hangs or dies on these bytes is a reason to refuse them.
        verdict = Verdict(Conclusion.REFUSED, reasons=(Finding("sandbox", str(error)),))
    return Judgement(path, size, digest.hexdigest(), claim, verdict)


def _claim(name: str, said: Mapping[str, str]) -> Claim:
    """Return what *name* and the options claim; the options win, a known board fills in."""
    try:
        claim = claim_of_name(ArtifactName.parse(name), port=said.get("port"))
    except UnrecognisedNameError:
        claim = Claim(port=said.get("port"))
    claim = replace(
        claim,
        board=said.get("board", claim.board),
        variant=said.get("variant", claim.variant),
        mcu=said.get("mcu"),
    )
    known = find_board(claim.board)
    if known is None or claim.port not in (None, known.port):
        return claim
    return replace(claim, port=known.port, mcu=claim.mcu or known.mcu)


def _facts(facts: ImageFacts) -> Iterator[str]:
    parts = [facts.structure]
    if facts.chip:
        parts.append(f"for {facts.chip}")
    if facts.offset is not None:
        parts.append(f"goes to {facts.offset:#x}")
    if facts.flash_size:
        parts.append(f"flash of {facts.flash_size:,} bytes")
    yield f"  structure: {', '.join(parts)}"
    if facts.partitions:
        yield f"  partitions: {', '.join(facts.partitions)}"
