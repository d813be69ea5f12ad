"""What must be true of a node whatever happened to it, in plain dictionaries.

The model believes nothing that the node says of itself: it knows what upstream ever had under
each name, and looks at the disk with a hash and at the node as a client.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from mirror.catalog.kinds import Maturity
from mirror.catalog.names import ArtifactName
from tests.proofs.life import sha256
from tests.proofs.life_node import GRACE
from tests.proofs.walking import digest_at, files_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mirror.catalog.policy import Policy
    from mirror.upkeep.pruner import Report
    from tests.proofs.life import Life
    from tests.web.client import Got

_FIRMWARE: Final = "/resources/firmware/"
WITHDRAWN_AFTER: Final = timedelta(days=1)


@dataclass(slots=True)
class Model:
    """All digests are in hex.

    ``genuine`` has what upstream ever had under a name, ``of_name`` what a name stands for (its
    first bytes, or those that somebody accepted), ``owed`` what was held and may not be lost,
    ``damaged`` what was flipped and is not healed, ``named`` what each publication named, and
    ``superseded`` since which second of service it is not current.  ``listed`` is what the last
    good crawl saw, ``crawled`` what any did, ``missing`` since when each crawl missed a name;
    after one that was ``interrupted`` the next goes on with pages of before.
    """

    genuine: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    of_name: dict[str, str] = field(default_factory=dict)
    owed: dict[str, str] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)
    recalled: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    pins: dict[str, str] = field(default_factory=dict)
    crawled: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)
    missing: dict[str, datetime] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    named: dict[int, dict[str, str]] = field(default_factory=dict)
    superseded: dict[int, float] = field(default_factory=dict)
    roots: dict[int, str] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    jumped: bool = False
    interrupted: bool = False

    @property
    def current(self) -> dict[str, str]:
        """What the current publication names."""
        return self.named[max(self.named)] if self.named else {}

    @property
    def changed(self) -> set[str]:
        """The names under which upstream had more than one file."""
        return {name for name, digests in self.genuine.items() if len(digests) > 1}

    def learn(self, life: Life) -> None:
        """Know what upstream has now."""
        for name in life.replica.names():
            self.genuine[name].add(digest_at(life.replica, name))

    def stands_for(self, name: str, digest: str) -> None:
        """A name stands for its first bytes, which upstream had, until somebody decides."""
        assert digest in self.genuine[name], f"{name}: upstream never had {digest}"
        assert self.of_name.setdefault(name, digest) == digest, f"{name} has other bytes"
        assert digest not in self.recalled, f"{name}: {digest} is recalled"

    def in_grace(self, seconds: float) -> set[str]:
        """Return what a client who began on an earlier publication may still ask for (P2)."""
        young = (
            number
            for number, since in self.superseded.items()
            if seconds - since < GRACE.total_seconds()
        )
        return {digest for number in young for digest in self.named[number].values()}

    def wanted(self, policy: Policy, names: Iterable[str]) -> set[str]:
        """Return what *policy* asks for of the *names* that upstream lists."""
        versions: dict[tuple[str, str | None, Maturity], set[Any]] = defaultdict(set)
        parsed = [ArtifactName.parse(name) for name in names]
        parsed = [one for one in parsed if "*" in policy.boards or one.board in policy.boards]
        for one in parsed:
            versions[one.board, one.variant, one.version.maturity].add(one.version)
        depths = {Maturity.RELEASE: policy.releases, Maturity.PREVIEW: policy.previews}
        return {
            str(one)
            for one in parsed
            if one.kind.flashable
            and one.version
            in sorted(versions[one.board, one.variant, one.version.maturity], reverse=True)[
                : depths[one.version.maturity]
            ]
        }


async def look(life: Life, model: Model) -> None:
    """Compare *life* with *model*, and hold it against the promises."""
    _look_at_the_disk(life.folder, model)
    await _look_as_a_client(life, model)
    await _look_at_what_is_held(life, model)
    _look_at_the_requests(life, model)
    await _look_at_the_last_one(life, model)
    for digest in model.recalled:
        got = await life.get(f"/v1/blobs/sha256:{digest}")
        assert (got.status, got.body) == (HTTPStatus.GONE, b""), digest


def look_at_an_answer(model: Model, name: str, got: Got) -> None:
    """Whoever asks for a name gets the bytes that it stands for, or none (P4)."""
    if got.status == HTTPStatus.OK:
        digest = sha256(got.body)
        model.stands_for(name, digest)
        assert digest not in model.damaged
        return
    assert got.body == b"", (name, got)
    stands_for = model.of_name.get(name)
    if got.status == HTTPStatus.GONE:
        assert model.genuine[name] & model.recalled, (name, got)
    elif got.status == HTTPStatus.NOT_FOUND:
        assert name not in model.current, name
        assert name not in model.offered, name
    elif name in model.current:
        assert stands_for in model.damaged, (name, got)


def look_at_a_prune(life: Life, model: Model, report: Report) -> None:
    """Nothing goes that somebody can ask for, or has pinned (P2, P6)."""
    gone = {one.digest.hex for one in report.gone if one.names}
    assert not gone & set(model.current.values())
    assert not gone & model.in_grace(life.seconds)
    assert not gone & {model.of_name.get(name) for name in model.pins.values()}
    kept = model.wanted(life.policy, model.listed) if model.listed else set()
    names = {name for one in report.gone for name in one.names}
    assert not names & kept, names & kept
    for digest in gone:
        model.owed.pop(digest, None)


def _look_at_the_disk(folder: Path, model: Model) -> None:
    """What is there has the bytes of its name, but for what was flipped; what is owed is there."""
    sums = {path.name: sha256(path.read_bytes()) for path in folder.glob("blobs/sha256/??/*")}
    sound = {name for name, digest in sums.items() if name == digest}
    model.damaged -= sound | (model.recalled - sums.keys())
    assert set(sums) - sound <= model.damaged
    lost = {digest: name for digest, name in model.owed.items() if digest not in sound}
    assert set(lost) <= model.damaged | model.recalled, lost


async def _look_as_a_client(life: Life, model: Model) -> None:
    """Follow the current publication to every byte: whole, and forward only (P1, P4, P7)."""
    got = await life.get("/v1/root.json")
    if got.status != HTTPStatus.OK:
        assert not model.named, got
        return
    root = json.loads(got.body)
    _go_forward(life, model, root["sequence"], sha256(got.body))
    place = f"/v1/publications/{root['sequence']}"
    content = json.loads(await _promised(life, f"{place}/content.json", root["content"]))
    assert {one.removeprefix("sha256:") for one in content["recalled"]} == model.recalled
    found: dict[str, str] = {}
    model.offered = set()
    for board, digest in content["boards"].items():
        document = json.loads(await _promised(life, f"{place}/boards/{board}.json", digest))
        found |= {file["name"]: file["hashes"]["sha256"] for file in files_of(document)}
        model.offered |= {offer["name"] for offer in document["on_demand"]}
        await _look_at_the_latest(life, model, board)
    model.named[root["sequence"]] = found
    for name, digest in found.items():
        model.stands_for(name, digest)
        answer = await life.get(f"/v1/files/{name}")
        wanted = HTTPStatus.SERVICE_UNAVAILABLE if digest in model.damaged else HTTPStatus.OK
        assert answer.status == wanted, (name, answer.status)
        look_at_an_answer(model, name, answer)


async def _look_at_the_last_one(life: Life, model: Model) -> None:
    """Who began on the publication before can go on (P2), but for what nobody may have."""
    before = max(model.superseded, default=None)
    if before is None or life.seconds - model.superseded[before] >= GRACE.total_seconds():
        return
    for name, digest in model.named[before].items():
        got = await life.get(f"/v1/publications/{before}/files/{name}")
        if digest in model.recalled:
            assert got.status == HTTPStatus.GONE, (before, name, got)
        elif digest not in model.damaged:
            assert got.status == HTTPStatus.OK, (before, name, got)
            assert sha256(got.body) == digest, (before, name)


def _go_forward(life: Life, model: Model, sequence: int, root: str) -> None:
    newest = max(model.roots, default=0)
    assert sequence >= newest
    assert model.roots.setdefault(sequence, root) == root
    for before in set(model.named) - {sequence} - set(model.superseded):
        model.superseded[before] = life.seconds


async def _look_at_the_latest(life: Life, model: Model, board: str) -> None:
    got = await life.get(f"/v1/boards/{board}/latest.json")
    if got.status == HTTPStatus.OK:
        names = {file["name"] for file in json.loads(got.body)["release"]["files"]}
        assert not names & model.hidden


async def _look_at_what_is_held(life: Life, model: Model) -> None:
    async for holding in life.store.index.held():
        digest = holding.digest.hex
        model.stands_for(holding.name, digest)
        if digest not in model.damaged:
            model.owed[digest] = holding.name
    for name, digest in model.current.items():
        if digest not in model.damaged:
            model.owed[digest] = name
    for digest in model.recalled | model.damaged:
        model.owed.pop(digest, None)


def _look_at_the_requests(life: Life, model: Model) -> None:
    """Upstream is asked for what it was seen to list, one transfer at a time (P5)."""
    asked = {
        request.path.removeprefix(_FIRMWARE)
        for request in life.replica.requests
        if request.path.startswith(_FIRMWARE)
    }
    assert asked <= model.crawled, asked - model.crawled
    assert all(life.replica.most_at_once(name) <= 1 for name in asked)
    life.replica.requests.clear()


async def _promised(life: Life, path: str, digest: str) -> bytes:
    got = await life.get(path)
    assert got.status == HTTPStatus.OK, (path, got)
    assert f"sha256:{sha256(got.body)}" == digest, path
    return got.body
