"""All operations of ``/v1``: what everybody is answered, then what operators are.

The public ones stand once for each place: the current publication, a point in time, a channel.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirror.publication.interface.model import JSON, LINES, OCTETS, TEXT, Operation, Tag
from mirror.publication.query import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Where the documents stand, and how an operation there is called.
PLACES: Final = {
    "/v1": "",
    "/v1/publications/{sequence}": "OfPublication",
    "/v1/channels/{channel}": "OnChannel",
}
_NOW, _THEN, _CHANNEL = PLACES
_MOMENT: Final = (200, 503)
_LATER: Final = (200, 206, 304, 404, 410, 412, 416, 502, 503, 504)
_ORDER: Final = (200, 400, 401, 403, 404, 409, 413, 429, 503)


def _document(path: str, name: str, summary: str, schema: str | None = None) -> Operation:
    return Operation(path=path, name=name, summary=summary, schema=schema, tag=Tag.CATALOGUE)


def _signature(path: str, name: str, of: str) -> Operation:
    summary = f"The signature of {of}, as minisign writes it"
    found = Operation(path=path, name=name, summary=summary, tag=Tag.PUBLICATIONS)
    return replace(found, media_type=TEXT, query=("key",), statuses=found.having(400))


_FEED = _document("/feed.json", "feed", "The release feed, or the part of it asked for", "Feed")
_LATEST = _document(
    "/boards/{board}/latest.json", "latest", "What to flash on a board now", "Latest"
)
_DOCUMENTS: Final = (
    replace(_FEED, query=NAMES, statuses=_FEED.having(400)),
    _document("/boards.json", "boards", "The index: one line for each board", "Index"),
    _document("/boards/{board}.json", "board", "One board", "BoardDocument"),
    replace(_LATEST, query=("variant", "kind", "maturity"), statuses=_LATEST.having(400)),
    _document("/root.json", "root", "The publication itself", "PublicationRoot"),
    _document("/content.json", "content", "The content that it names", "ContentRoot"),
    _signature("/root.json.minisig", "rootSignature", "root.json"),
    _signature("/content.json.minisig", "contentSignature", "content.json"),
)
_FRESH: Final = (
    _document("/freshness.json", "freshness", "When that was looked at last", "Freshness"),
    _signature("/freshness.json.minisig", "freshnessSignature", "freshness.json"),
)
_FILE: Final = Operation(
    path="/files/{name}",
    name="file",
    summary="A file by its name",
    tag=Tag.FILES,
    media_type=None,
    statuses=_LATER,
)


def _elsewhere() -> Iterator[Operation]:
    blob = replace(_FILE, path="/v1/blobs/{digest}", name="blob", media_type=OCTETS)
    yield replace(blob, summary="Bytes by their digest, for ever the same")
    sums = replace(_FILE, path="/v1/files/SHA256SUMS", name="sums", media_type=TEXT)
    yield replace(sums, summary="The GNU sums of all files")
    listed = replace(_FILE, path=f"{_CHANNEL}/{{path}}", name="rendered", tag=Tag.CATALOGUE)
    yield replace(listed, summary="Any rendered list or page as a channel has it")
    path = f"{_CHANNEL}/resources/firmware/SHA256SUMS.minisig"
    yield _signature(path, "sumsSignature", "the list of sums of a channel")
    for path, name, summary, schema in (
        ("publications.json", "publications", "The newest thousand publications", "History"),
        ("channels.json", "channels", "The channels", "ChannelList"),
        ("schemas/feed.json", "feedSchema", "The JSON Schema of the feed", None),
        ("openapi.json", "openapi", "This description", None),
    ):
        yield replace(_document(f"/v1/{path}", name, summary, schema), tag=Tag.PUBLICATIONS)
    for path, name, summary in (
        ("key.pub", "key", "The public key that publications are signed with, as minisign's"),
        ("recovery.pub", "recoveryKey", "The public recovery key"),
        ("rotations.txt", "rotations", "Which key the recovery key says followed which"),
    ):
        found = _document(f"/v1/{path}", name, summary)
        yield replace(found, tag=Tag.PUBLICATIONS, media_type=TEXT)
    for path, name, summary in (
        ("setup.json", "guides", "Which programs there is a guide for"),
        ("setup/{client}.json", "guide", "How to set a program up for this mirror"),
    ):
        yield replace(_document(f"/v1/{path}", name, summary), tag=Tag.NODE)
    status = _document("/v1/status.json", "status", "How the mirror is at this moment", "Status")
    yield replace(status, tag=Tag.NODE, statuses=_MOMENT)


def _public() -> Iterator[Operation]:
    for place, ending in PLACES.items():
        tag = Tag.CATALOGUE if place == _NOW else Tag.PUBLICATIONS
        found = (*_DOCUMENTS, *(() if place == _THEN else _FRESH), _FILE)
        for one in found:
            held = replace(one, path=place + one.path, name=one.name + ending)
            yield held if one.tag is Tag.FILES else replace(held, tag=tag)
    yield from _elsewhere()


def _order(path: str, name: str, summary: str, scope: str, **more: str | None) -> Operation:
    return Operation(
        path=path,
        name=name,
        summary=summary,
        tag=Tag.OPERATORS,
        method="get" if scope == "read" else "post",
        statuses=_ORDER,
        scope=scope,
        media_type=more.get("media_type", JSON),
        takes=more.get("takes"),
    )


#: What everybody is answered, by GET and HEAD.
PUBLIC: Final = tuple(_public())
#: What operators are answered, on a listener of their own.
OPERATORS: Final = (
    _order("/v1/sync", "sync", "Sync now, and show the progress", "sync", media_type=LINES),
    _order("/v1/pins", "pin", "Pin or unpin", "pin", media_type=LINES, takes="PinOrder"),
    _order(
        "/v1/judgements",
        "judge",
        "Recall, accept, hide, acknowledge",
        "promote",
        takes="Judgement",
    ),
    _order("/v1/channels/{channel}", "channel", "One channel with its history", "read"),
    _order(
        "/v1/channels/{channel}",
        "promote",
        "Promote to a channel, or approve that",
        "promote",
        takes="ChannelOrder",
    ),
    _order("/v1/runs.json", "runs", "The sync runs so far, newest first", "read"),
    _order("/v1/receipts", "receipts", "The receipts of all imports, newest first", "read"),
    replace(
        _order("/v1/ledger.jsonl", "ledger", "The ledger", "read", media_type=LINES),
        query=("ledgerSince",),
    ),
    replace(
        _order("/v1/remembered.json", "remembered", "A board as its page was last read", "read"),
        query=("ofBoard",),
    ),
)
