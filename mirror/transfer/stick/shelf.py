"""Everything that a bundle on a stick answers, by path, as the daemon of the far side would.

What needs the address of a server was rendered by the sender with a word in its place: here the
word becomes the address.  What the bundle has not is not there, and what is recalled is gone.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from mirror.transfer.stick.opened import Bundle, RefusedError

#: Stands for the address of this server in what the sender rendered.
HERE = "http://mpmirror-stick.invalid"
FEED_HEAD = "server/feed-head.json"
LAYER = ".layer"
ARTIFACT = "application/vnd.mpmirror.artifact"
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
ASK = "public, no-cache, no-transform"
FOR_EVER = "public, max-age=31536000, immutable, no-transform"
FILE_FOLDERS = ("/v1/files/", "/resources/firmware/", "/micropython/", "/ota/")
BLOBS = "/v1/blobs/sha256:"
SUM = ".sha256"
MEDIA = "/resources/micropython-media/boards/"
SECONDS_OF_A_DAY = 86400


class Entry:
    """What a path answers: bytes in memory (*body*), or a piece of the bundle (*sha256*)."""

    def __init__(self, sha256: str, size: int, body: bytes | None = None) -> None:
        self.sha256, self.size, self.body = sha256, size, body
        self.media_type = ""
        self.filename = ""
        self.modified: str | None = None
        self.caching = ASK
        self.more: list[tuple[str, str]] = []


def document(body: bytes, media_type: str = JSON) -> Entry:
    """Return the entry of a document in memory."""
    entry = Entry(hashlib.sha256(body).hexdigest(), len(body), body)
    entry.media_type = media_type
    return entry


def firmware(file: dict[str, Any], version: str, *, dated: bool) -> Entry:
    """Return the entry of an artifact, as its board's document has it."""
    sha256, md5 = file["hashes"]["sha256"], file["hashes"]["md5"]
    entry = Entry(sha256, file["size"])
    entry.filename = file["name"]
    entry.media_type = TEXT if file["kind"] == "map" else ""
    entry.modified = date_of(file["date"], sha256) if dated else None
    entry.more = [("X-MD5", md5)] if md5 else []
    entry.more.append(("X-Firmware-Version", version))
    offset = file["flash"]["offset"]
    if offset is not None:
        entry.more.append(("X-Flash-Offset", hex(offset)))
    return entry


class Shelf:
    """Everything that *bundle* has, by path; *url* is how clients reach this server."""

    def __init__(self, bundle: Bundle, url: str) -> None:
        self.bundle, self.url = bundle, url
        self.paths: dict[str, Entry] = {}
        self.artifacts: dict[str, Entry] = {}
        body = bundle.read(bundle.manifest["content"])
        content = json.loads(body.decode())
        self.recalled = {digits_of(digest) for digest in content["recalled"]}
        chosen = bundle.manifest["boards"]
        names = sorted(content["boards"]) if chosen is None else chosen
        boards = [bundle.read(digits_of(content["boards"][name])) for name in names]
        for board in boards:
            self.take_board(board)
        self.refuse_gap()
        self.paths["/v1/content.json"] = document(body)
        self.take_rendered()
        self.take_feed(boards)
        for subtree in bundle.manifest.get("subtrees", []):
            self.take_subtree(subtree, digits_of(content[subtree]))

    def take_board(self, data: bytes) -> None:
        """Take a board's document, and its artifacts."""
        board = json.loads(data.decode())
        self.paths["/v1/boards/{}.json".format(board["board"])] = document(data)
        for dated, releases in ((True, board["releases"]), (False, board["local"])):
            for release in releases:
                for file in release["files"]:
                    entry = firmware(file, release["version"], dated=dated)
                    self.artifacts[file["name"]] = entry

    def refuse_gap(self) -> None:
        """Refuse a bundle that brings only what is new: most of it would not be there."""
        known = self.recalled | self.bundle.places.keys()
        lacking = [name for name, entry in self.artifacts.items() if entry.sha256 not in known]
        if lacking:
            raise RefusedError(
                f"{lacking[0]} is not in the bundle, which brings only what is new: use a whole one"
            )

    def take_rendered(self) -> None:
        """Take what the sender rendered, with this server's address in it."""
        for name, sha256 in sorted(self.bundle.extras.items()):
            if name.endswith(LAYER):
                head, _, bodies = self.bundle.read(sha256).partition(b"\n")
                for path, place in json.loads(head.decode())["documents"].items():
                    body = bodies[place["start"] : place["start"] + place["size"]]
                    here = body.replace(HERE.encode(), self.url.encode())
                    self.paths[path] = document(here, place["media_type"])

    def take_feed(self, boards: list[bytes]) -> None:
        """Join the feed of its head and all boards, as the daemon does."""
        head = self.bundle.extras.get(FEED_HEAD)
        if head is not None:
            start = self.bundle.read(head)[:-1] + b',"boards":['
            body = start + b"".join((b",\n" if n else b"\n") + x for n, x in enumerate(boards))
            self.paths["/v1/feed.json"] = document(body + b"\n]}\n")

    def take_subtree(self, name: str, top: str) -> None:
        """Take packages or photographs."""
        found = json.loads(self.bundle.read(top).decode())
        if name == "packages":
            self.take_blob("/pi/v2/index.json", found["index"], JSON)
            for package, digest in found["packages"].items():
                self.take_package(package, json.loads(self.bundle.read(digits_of(digest)).decode()))
        if name == "photographs":
            for board, held in found["boards"].items():
                for called, one in held.items():
                    stem, dot, ending = called.rpartition(".")
                    self.take_picture(f"{MEDIA}{board}/{called}", one, "whole")
                    small = f"{MEDIA}{board}/{stem}.thumb{dot}{ending}"
                    self.take_picture(small, one, "thumbnail")

    def take_package(self, name: str, package: dict[str, Any]) -> None:
        """Take the documents and files of one package."""
        for abi, versions in package["documents"].items():
            for version, digest in versions.items():
                self.take_blob(f"/pi/v2/package/{abi}/{name}/{version}.json", digest, JSON)
        for hash8, digest in package["files"].items():
            path = f"/pi/v2/file/{hash8[:2]}/{hash8}"
            self.take_blob(path, digest, "")
            if path in self.paths:
                self.paths[path].filename = hash8

    def take_picture(self, path: str, photograph: dict[str, Any], which: str) -> None:
        """Take a photograph, or a thumbnail."""
        self.take_blob(path, photograph[which]["digest"], photograph["media_type"])

    def take_blob(self, path: str, digest: str, media_type: str) -> None:
        """Take a piece of the bundle, unless it is not there."""
        sha256 = digits_of(digest)
        if sha256 not in self.bundle.places:
            return
        if media_type == JSON:
            self.paths[path] = document(self.bundle.read(sha256))
            return
        entry = Entry(sha256, self.bundle.places[sha256][1])
        entry.media_type = media_type
        self.paths[path] = entry

    def find(self, path: str) -> Entry | None:
        """Return what is at *path*; None when nothing is there."""
        found = self.paths.get(path)
        if found is not None and found.media_type == ARTIFACT and found.body is not None:
            return self.artifacts.get(found.body.decode())
        return found or self.find_blob(path) or self.find_artifact(path)

    def find_blob(self, path: str) -> Entry | None:
        """Return the piece that *path* names by digest."""
        sha256 = path[len(BLOBS) :]
        if not path.startswith(BLOBS) or sha256 not in self.bundle.places:
            return None
        entry = Entry(sha256, self.bundle.places[sha256][1])
        entry.filename, entry.caching = sha256, FOR_EVER
        return entry

    def find_artifact(self, path: str) -> Entry | None:
        """Return the artifact that *path* names, or the line with its sum."""
        folder, _, name = path.rpartition("/")
        if folder + "/" not in FILE_FOLDERS:
            return None
        if folder + "/" != FILE_FOLDERS[1] or not name.endswith(SUM):
            return self.artifacts.get(name)
        called = name[: -len(SUM)]
        entry = self.artifacts.get(called)
        return entry and document(f"{entry.sha256}  {called}\n".encode(), TEXT)


def digits_of(digest: str) -> str:
    """Return the digits of ``sha256:…``."""
    return digest.split(":")[1]


def date_of(day: str, sha256: str) -> str:
    """Return the date by which clients know these bytes: as the daemon says it."""
    midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    second = int(sha256, 16) % SECONDS_OF_A_DAY
    return format_datetime(midnight + timedelta(seconds=second), usegmt=True)
