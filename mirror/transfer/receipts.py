"""Receipts: what came in, from whom, when, which checks, and the verdict of each file.

``receipts/<time>-<sequence>.json`` is canonical JSON, and beside it stands its signature by this
node's key (``.json.minisig``, type ``mpmirror.receipt``).  A receipt is also the next have-list: it
names the content that this node holds now.  It can go back by hand, for the sender to check.
"""

from __future__ import annotations

from dataclasses import field
from html import escape
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mirror.catalog.values import Digest
from mirror.errors import DamagedError
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical
from mirror.publication.statements import Statement, Type
from mirror.publication.words import verdict_entry
from mirror.shapes import Shape
from mirror.storage.disk import reported
from mirror.storage.threads import to_end
from mirror.transfer.bundles.software import wheelhouses

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mirror.storage.files import Files
    from mirror.storage.signatures import Signer
    from mirror.transfer.bundles.importing import Imported

CHECKS: Final = (
    "signature of a trusted key, and its type",
    "sequence not below the last one of this sender",
    "ledger of the sender continued, as far as it was told before",
    "manifest complete, and nothing besides it",
    "SHA-256 of every file and document",
    "structure of every new file, in the limited child process",
    (
        "packages by their index, their documents and the digits in their names; pictures are "
        "nothing but pictures"
    ),
)
TYPE: Final = "mpmirror.receipt"
FORMAT: Final = 1
_FOLDER: Final = "receipts"
_FILE_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """One file: its bytes, whether it was new here, and what was found."""

    name: str
    sha256: str
    size: int
    new: bool
    conclusion: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What one import did.  ``ledger_number`` and ``ledger_sha256`` are the end of this node's.

    ``lineage``, ``channel``, ``sequence`` and ``content`` are the sender's; ``key`` signed it.
    ``server`` is the SHA-256 of the `serve.py` in the bundle, if it had one; ``software`` that of
    the SHA256SUMS of each wheelhouse in it, by its name.
    """

    receiver: str
    time: str
    lineage: str
    channel: str
    sequence: int
    published: str
    content: Digest
    base: str | None
    key: str
    publication: int | None
    derived: bool
    ledger_number: int
    ledger_sha256: str
    files: tuple[ReceiptFile, ...]
    changed: tuple[str, ...]
    recalled: tuple[Digest, ...]
    server: str | None = None
    software: dict[str, str] = field(default_factory=dict)
    checks: tuple[str, ...] = CHECKS
    type: str = TYPE
    format: int = FORMAT
    critical: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of its file, without an ending."""
        return f"{self.time.replace(':', '').replace('-', '')}-{self.sequence}"


RECEIPT: Final = Shape(Receipt)


def make_receipt(imported: Imported, receiver: str, now: datetime) -> Receipt:
    """Return the receipt of what was *imported* by the node with the lineage *receiver*."""
    manifest, done = imported.manifest, imported.committed
    assert done is not None  # noqa: S101 - what was only tried has no receipt
    firmware = [
        ReceiptFile(
            name=one.name,
            sha256=one.digest.hex,
            size=one.size,
            new=one.new,
            conclusion=one.verdict.conclusion.value,
            words=verdict_entry(one.verdict, one.source).words,
        )
        for one in imported.judged
    ]
    beside = [
        ReceiptFile(one.path, one.digest.hex, one.size, new=True, conclusion="verified", words="")
        for one in imported.brought
    ]
    return Receipt(
        receiver=receiver,
        time=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        lineage=manifest.lineage,
        channel=manifest.channel,
        sequence=manifest.sequence,
        published=manifest.published,
        content=Digest(manifest.content),
        base=manifest.base,
        key=imported.key,
        publication=done.sequence,
        derived=done.derived,
        ledger_number=done.ledger.number,
        ledger_sha256=done.ledger.digest.hex,
        files=(*firmware, *beside),
        changed=done.changed,
        recalled=done.recalled,
        server=next((one.sha256 for one in manifest.extras if one.path == "serve.py"), None),
        software=wheelhouses(manifest.extras),
    )


def encode_receipt(receipt: Receipt) -> bytes:
    """Return the canonical JSON (RFC 8785)."""
    return canonical(RECEIPT.dump_python(receipt, mode="json"))


class Receipts:
    """The receipts of one data folder; *signer* signs new ones, if there is one."""

    def __init__(self, data: Path, files: Files, signer: Signer | None = None) -> None:
        self._folder = data / _FOLDER
        self._files = files
        self._signer = signer

    async def put(self, receipt: Receipt) -> None:
        """Keep *receipt*, with its signature, durably."""
        await to_end(self._put, receipt)

    async def all(self) -> list[Receipt]:
        """Return all receipts, newest first; `DamagedError` for a file that is none."""
        return await to_end(self._all)

    async def names(self) -> tuple[str, ...]:
        """Return the names of all receipts, oldest first."""
        return await to_end(self._names)

    async def get(self, name: str) -> Receipt:
        """Return the receipt of this name; `DamagedError` for a file that is none."""
        return await to_end(self._read, self._folder / f"{name}.json")

    def _names(self) -> tuple[str, ...]:
        if not self._folder.is_dir():
            return ()
        with reported("reading the folder", self._folder):
            return tuple(sorted(path.stem for path in self._folder.glob("*.json")))

    def _put(self, receipt: Receipt) -> None:
        data = encode_receipt(receipt)
        self._files.make_folders([self._folder])
        contents = {self._folder / f"{receipt.name}.json": data}
        if self._signer is not None:
            said = Statement(Type.RECEIPT, receipt.receiver, receipt.ledger_number, receipt.channel)
            signature = self._signer.sign(data, said)[self._signer.key_id]
            contents[self._folder / f"{receipt.name}.json.minisig"] = signature.encode()
        self._files.write_all(contents)

    def _all(self) -> list[Receipt]:
        return [self._read(self._folder / f"{name}.json") for name in reversed(self._names())]

    def _read(self, path: Path) -> Receipt:
        with reported("reading", path), path.open("rb") as file:
            text = file.read(_FILE_BYTES)
        try:
            return RECEIPT.validate_json(text)
        except ValidationError as error:
            raise DamagedError(f"{path} does not hold a receipt") from error


def render_page(receipt: Receipt) -> str:
    """Return the receipt as a page to print: HTML that loads nothing and runs nothing."""
    facts = [
        ("taken in", f"{receipt.time} by the node {receipt.receiver}"),
        ("from", f"the lineage {receipt.lineage}, channel {receipt.channel}"),
        ("publication", f"{receipt.sequence} of {receipt.published}"),
        ("signed by key", receipt.key),
        ("content", str(receipt.content)),
        ("goes on from", receipt.base or "nothing: a whole bundle"),
        ("published here as", str(receipt.publication or "nothing new")),
        ("local ledger", f"line {receipt.ledger_number}, {receipt.ledger_sha256}"),
        ("serve.py in the bundle", receipt.server or "none"),
        *((f"software/{name} in it", sha256) for name, sha256 in receipt.software.items()),
        ("names with other bytes than before", ", ".join(receipt.changed) or "none"),
        ("recalled with it", ", ".join(map(str, receipt.recalled)) or "nothing"),
    ]
    rows = "".join(f"<tr><th>{escape(a)}<td>{escape(b)}" for a, b in facts)
    checks = "".join(f"<li>{escape(check)}" for check in receipt.checks)
    files = "".join(
        f"<tr><td>{escape(one.name)}<td>{escape(one.conclusion)}<td>{'new' if one.new else 'held'}"
        f"<td>{one.size}<td><code>{one.sha256}</code><tr><td colspan=5>{escape(one.words)}"
        for one in receipt.files
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Receipt</title><style>"
        "body{font:12px sans-serif;margin:2em}th{text-align:left;padding-right:1em}"
        "td,th{vertical-align:top;border-bottom:1px solid #ccc}code{font-size:10px}"
        "table{border-collapse:collapse;width:100%;margin-bottom:2em}</style>"
        f"<h1>Receipt for publication {receipt.sequence}</h1><table>{rows}</table>"
        f"<h2>Checked</h2><ol>{checks}</ol><h2>{len(receipt.files)} files</h2>"
        f"<table>{files}</table><p>Signed: ______________________ Date: ____________"
    )
