"""What GitHub would say of MicroPython's releases, for clients that ask only there.

mpflash asks for the repository and its tags, release trackers for the releases.  Tags are
those of versions that are held here, so that "the newest" is one that this mirror has.  A
preview's tag is the one that opens its series (``v1.29.0-preview``), as upstream has it;
mpflash fails without any, so where no preview is held there is the one that comes next.

A release names the files of all boards.  Each is a document of its own, and `web` joins the
pages of the list from them.
"""

from __future__ import annotations

import hashlib
import zlib
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.versions import Version
from mirror.errors import MalformedValueError
from mirror.publication.dialects.offers import (
    Json,
    as_json,
    firmware_path,
    in_path,
    offers,
)
from mirror.publication.local.dialect import JSON, Dialect, Lists, Rendered, Site
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from mirror.publication.dialects.offers import Offer
    from mirror.publication.documents import BoardDocument

REPOSITORY: Final = "/repos/micropython/micropython"
TAGS: Final = f"{REPOSITORY}/tags"
RELEASES: Final = f"{REPOSITORY}/releases"
LATEST: Final = f"{RELEASES}/latest"
BY_TAG: Final = f"{RELEASES}/tags/"

# Of a commit nobody here knows more than a part of its hash.
_NO_COMMIT: Final = "0" * 40
# All files of all boards are more than shall be in memory at once.
_TAGS_TOGETHER: Final = 32
_ID_BYTES: Final = 6  # below 2**53, so that every reader of JSON keeps it
_OWNER: Final[dict[str, Json]] = {"login": "micropython", "id": 1, "type": "Organization"}


class Asset(NamedTuple):
    """A file of a release, as far as a board knows it; a list in JSON, which is shorter."""

    name: str
    size: int
    sha256: str
    date: str


_ASSETS = Shape(tuple[Asset, ...])


def _summarise(board: BoardDocument, site: Site) -> bytes:
    """Return a line for each tag of *board*: the tag, and after a space its files as JSON."""
    # Without an address of its own a mirror has no list of files, only tags.
    return b"\n".join(
        b"%s %s" % (tag.encode(), _ASSETS.dump_json(assets if site.public_url else ()))
        for tag, assets in _parts(board)
    )


def _parts(board: BoardDocument) -> Iterator[tuple[str, tuple[Asset, ...]]]:
    found = [offer for some in offers(board, *Kind).values() for offer in some]
    for (tag, maturity), some in groupby(sorted(found, key=_tagged), key=_tagged):
        # An old daily build can carry the bare version of a release that it is not.
        if _maturity(tag) is maturity:
            files = (offer.file for offer in some)
            assets = (Asset(one.name, one.size, one.hashes.sha256, one.date) for one in files)
            yield tag, tuple(assets)


def _maturity(tag: str) -> Maturity | None:
    try:
        return Version.parse(tag).maturity
    except MalformedValueError:
        return None


def _combine(summaries: Iterable[bytes], site: Site) -> Lists:
    packed: list[bytes] = []
    tags: set[str] = set()
    for summary in filter(None, summaries):
        tags.update(tag for tag, _ in _lines(summary))
        packed.append(zlib.compress(summary, 1))
    newest_first = sorted(tags, key=Version.parse, reverse=True)
    yield REPOSITORY, Rendered(as_json(_repository()), JSON)
    yield TAGS, Rendered(as_json([_tag(name) for name in tag_names(newest_first)]), JSON)
    if site.public_url is not None:
        yield from _releases(newest_first, packed, site)


def _lines(summary: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each tag of *summary*, and its files."""
    for line in summary.split(b"\n"):
        tag, _, files = line.partition(b" ")
        yield tag.decode(), files


def _files_of(tags: Container[str], packed: Iterable[bytes]) -> dict[str, list[bytes]]:
    """Return the files of each of *tags*, board by board."""
    found: dict[str, list[bytes]] = {}
    for summary in map(zlib.decompress, packed):
        for tag, files in _lines(summary):
            if tag in tags:
                found.setdefault(tag, []).append(files)
    return found


def tag_names(newest_first: Iterable[str]) -> list[str]:
    """Return the names of upstream's tags for versions, newest first; one is a preview."""
    versions = [Version.parse(text) for text in newest_first]
    names = [_tag_of(version) for version in versions]
    found = list(dict.fromkeys(name for name in names if name is not None))
    if any(name.endswith("-preview") for name in found):
        return found
    return [_next_preview(versions), *found]


def _tag_of(version: Version) -> str | None:
    if version.maturity is Maturity.RELEASE:
        return version.text
    # Before v1.22.0 a build of the development branch counted from the release before it.
    return f"v{version.base_text}-preview" if "-preview" in version.text else None


def _next_preview(newest_first: Iterable[Version]) -> str:
    base = next((version.base for version in newest_first), (0, 0))
    return f"v{base[0]}.{base[1] + 1}.0-preview"


def _releases(newest_first: Sequence[str], packed: Sequence[bytes], site: Site) -> Lists:
    finished = (tag for tag in newest_first if Version.parse(tag).maturity is Maturity.RELEASE)
    latest = next(finished, None)
    for start in range(0, len(newest_first), _TAGS_TOGETHER):
        some = newest_first[start : start + _TAGS_TOGETHER]
        files = _files_of(some, packed)
        for tag in some:
            rendered = Rendered(as_json(_release(tag, files.pop(tag), site)), JSON)
            yield BY_TAG + in_path(tag), rendered
            if tag == latest:
                yield LATEST, rendered


def _release(tag: str, parts: Iterable[bytes], site: Site) -> Json:
    # A file that stands on the pages of two boards is one asset.
    read = map(_ASSETS.validate_json, parts)
    assets = {asset.name: asset for some in read for asset in some}
    published = _time(min(asset.date for asset in assets.values()))
    return {
        "id": _id(tag),
        "tag_name": tag,
        "name": tag,
        "draft": False,
        "prerelease": Version.parse(tag).maturity is Maturity.PREVIEW,
        "created_at": published,
        "published_at": published,
        "target_commitish": "master",
        "author": _OWNER,
        "body": f"MicroPython {tag}: {len(assets)} files, as this mirror holds them.",
        "url": site.url(BY_TAG + in_path(tag)),
        "html_url": site.url("/download/"),
        "tarball_url": None,
        "zipball_url": None,
        "assets": [_asset(asset, site) for _, asset in sorted(assets.items())],
    }


def _asset(asset: Asset, site: Site) -> Json:
    url = site.url(firmware_path(asset.name))
    return {
        "id": _id(asset.name),
        "name": asset.name,
        "label": None,
        "state": "uploaded",
        "content_type": "application/octet-stream",
        "size": asset.size,
        "digest": f"sha256:{asset.sha256}",
        "download_count": 0,
        "created_at": _time(asset.date),
        "updated_at": _time(asset.date),
        "url": url,
        "browser_download_url": url,
    }


def _repository() -> Json:
    # A relative `url`: PyGithub, and so mpflash, asks no host but the one that it was given.
    return {
        "id": 1,
        "name": "micropython",
        "full_name": "micropython/micropython",
        "owner": _OWNER,
        "private": False,
        "default_branch": "master",
        "url": REPOSITORY,
    }


def _tag(name: str) -> Json:
    return {"name": name, "commit": {"sha": _NO_COMMIT, "url": TAGS}}


def _tagged(offer: Offer) -> tuple[str, Maturity]:
    return offer.release.version, offer.release.maturity


def _time(day: str) -> str:
    return f"{day}T00:00:00Z"


def _id(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:_ID_BYTES], "big")


GITHUB: Final = Dialect(name="github", summarise=_summarise, combine=_combine)
