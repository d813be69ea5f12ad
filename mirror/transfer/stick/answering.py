"""Answer a room over HTTP, read only: GET and HEAD, ranges and conditions as RFC 9110 has them."""

from __future__ import annotations

import argparse
import hashlib
import re
import socket
import socketserver
import sys
import threading
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mirror.transfer.stick.opened import PORTION, Bundle, Medium, RefusedError
from mirror.transfer.stick.shelf import FILE_FOLDERS, TEXT, Entry, Shelf

MOST_CONNECTIONS = 256
SECONDS = 60
REFUSED = 4
ETAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
RANGE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]{0,30})-([0-9]{0,30})[ \t]*", re.IGNORECASE)


def select(
    method: str, fields: Message, etag: str, size: int, modified: str | None
) -> tuple[int, int, int]:
    """Return status, start and stop of what is answered: RFC 9110, sections 13 and 14."""
    if_match, if_none_match = joined(fields, "If-Match"), joined(fields, "If-None-Match")
    if if_match is not None and not is_named(if_match, etag, weakly=False):
        return 412, 0, 0
    if if_none_match is not None:
        same = is_named(if_none_match, etag, weakly=True)
    else:
        same = modified is not None and joined(fields, "If-Modified-Since") == modified
    if same:
        return 304, 0, 0
    wanted, if_range = joined(fields, "Range"), joined(fields, "If-Range")
    if method != "GET" or wanted is None or (if_range is not None and if_range.strip() != etag):
        return 200, 0, size
    return selected(wanted, size)


def joined(fields: Message, name: str) -> str | None:
    """Return a field of a request; one that stands twice is a list."""
    values = fields.get_all(name)
    return None if values is None else ", ".join(map(str, values))


def is_named(text: str, etag: str, *, weakly: bool) -> bool:
    """Whether a list of entity tags has this one."""
    found = ETAG.findall(text)
    return text.strip() == "*" or any(one == etag and (weakly or not weak) for weak, one in found)


def selected(text: str, size: int) -> tuple[int, int, int]:
    """Return what a range selects of *size* bytes."""
    found = RANGE.fullmatch(text.strip())
    first, last = found.groups() if found else ("", "")
    if first == last == "" or (first and last and int(last) < int(first)):
        return 200, 0, size
    if not first:
        return (206, max(size - int(last), 0), size) if int(last) and size else (416, 0, 0)
    if int(first) >= size:
        return 416, 0, 0
    return 206, int(first), min(int(last) + 1, size) if last else size


class Handler(BaseHTTPRequestHandler):
    """Answers what `Server.shelf` has."""

    protocol_version = "HTTP/1.1"
    server_version = "mpmirror-stick"
    sys_version = ""
    timeout = SECONDS
    server: Server

    def __getattr__(self, name: str) -> Any:
        """Give the methods that the base class looks for, one for each of HTTP's."""
        if name in ("do_GET", "do_HEAD"):
            return self.answer
        if name.startswith("do_"):
            return self.refuse_method
        raise AttributeError(name)

    def answer(self) -> None:
        """Answer with what is at the path."""
        asked = urlsplit(self.path)
        path = unquote(asked.path)
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # what follows is no request
        if path in ("/healthz", "/readyz"):
            self.say(200, b"alive\n" if path == "/healthz" else b"ready\n")
        elif path in ("/", "/download"):
            self.say(302, b"", [("Location", "/download/")])
        elif asked.query and path.startswith(("/v1/", "/download/")):
            self.say(400, b"filters are answered by mpmirror itself, not by serve.py\n")
        else:
            self.find(path)

    def refuse_method(self) -> None:
        """Answer that nothing can be changed here."""
        self.close_connection = True
        self.say(405, b"only GET and HEAD are answered\n", [("Allow", "GET, HEAD")])

    def find(self, path: str) -> None:
        """Answer with the entry of *path*."""
        shelf = self.server.shelf
        entry = shelf.find(path)
        if entry is None:
            # A client may store what comes as firmware: so nothing comes.
            self.say(404, b"" if path.startswith(FILE_FOLDERS) else b"nothing is there\n")
        elif entry.body is None and entry.sha256 in shelf.recalled:
            self.say(410, b"")
        else:
            self.send(entry)

    def send(self, entry: Entry) -> None:
        """Send what is asked for of *entry*, once its bytes are known to be right."""
        try:
            start = 0 if entry.body is not None else self.server.shelf.bundle.check(entry.sha256)[0]
        except (RefusedError, OSError) as error:
            sys.stderr.write(f"{error}\n")
            self.say(503, b"")
            return
        etag = f'"{entry.sha256}"'
        status, first, stop = select(self.command, self.headers, etag, entry.size, entry.modified)
        self.head(status, entry.caching, [("ETag", etag), *fields_of(entry, status, first, stop)])
        if self.command == "GET":
            self.write(entry, start, first, stop)

    def write(self, entry: Entry, start: int, first: int, stop: int) -> None:
        """Write these bytes; break off when they are no longer what was checked."""
        bundle = self.server.shelf.bundle
        while first < stop:
            size = min(PORTION, stop - first)
            if entry.body is not None:
                data = entry.body[first : first + size]
            else:
                data = bundle.medium.read(start + first, size)
            if len(data) != size or (entry.body is None and not bundle.medium.is_as_before()):
                self.close_connection = True
                return
            self.wfile.write(data)
            first += size

    def say(self, status: int, body: bytes, fields: list[tuple[str, str]] | None = None) -> None:
        """Answer for this moment."""
        said = [("Content-Type", TEXT), ("Content-Length", str(len(body)))]
        if self.close_connection:
            said.append(("Connection", "close"))
        self.head(status, "no-store", [*(fields or []), *said])
        if self.command != "HEAD":
            self.wfile.write(body)

    def head(self, status: int, caching: str, fields: list[tuple[str, str]]) -> None:
        """Send a head, with what stands in all of them."""
        self.send_response(status)
        always = [
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "sandbox"),
            ("Access-Control-Allow-Origin", "*"),
            ("Cache-Control", caching),
        ]
        for name, value in (*always, *fields):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Write nothing: who asked for what is nobody's business."""


def fields_of(entry: Entry, status: int, first: int, stop: int) -> list[tuple[str, str]]:
    """Return the fields of an answer about *entry* that sends these bytes."""
    fields = [] if entry.body is not None else [("X-SHA256", entry.sha256)]
    fields += [("Accept-Ranges", "bytes"), *entry.more]
    if entry.modified:
        fields.append(("Last-Modified", entry.modified))
    if status in (200, 206) or (entry.body is not None and status != 304):
        fields.append(("Content-Type", entry.media_type or "application/octet-stream"))
        if entry.filename:
            fields.append(("Content-Disposition", f'attachment; filename="{entry.filename}"'))
    if status == 206:
        fields.append(("Content-Range", f"bytes {first}-{stop - 1}/{entry.size}"))
    if status == 416:
        fields.append(("Content-Range", f"bytes */{entry.size}"))
    if status != 304:
        fields.append(("Content-Length", str(stop - first)))
    return fields


class Server(socketserver.ThreadingTCPServer):
    """One thread for each connection, up to a number of them."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64
    shelf: Shelf

    def __init__(self, place: tuple[str, int]) -> None:
        self.room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(place, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin, or hang up when there are too many."""
        if self.room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.room.release()

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Be quiet: a client went away."""


def own_address() -> str:
    """Return the address by which the room reaches this machine; nothing is sent for that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.connect(("192.0.2.1", 9))
            return str(line.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def asked_of(words: list[str] | None) -> Any:
    """Return what was typed."""
    parser = argparse.ArgumentParser(description="Serve a bundle of mpmirror to a room, read only.")
    parser.add_argument("bundle", nargs="+", type=Path, help="the bundle, or all its volumes")
    parser.add_argument("key", help="the key that signed it, RW…, typed from your paper")
    parser.add_argument("--listen", default="0.0.0.0:8080", help="address and port")
    parser.add_argument("--url", help="how clients reach this: http://HOST:PORT")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Serve until somebody stops it; return the exit status."""
    asked = asked_of(words)
    host, _, number = asked.listen.rpartition(":")
    try:
        server = Server((host, int(number)))
        near = host if host not in ("", "0.0.0.0") else own_address()  # noqa: S104 - see above
        url = (asked.url or f"http://{near}:{server.server_address[1]}").rstrip("/")
        bundle = Bundle(Medium(asked.bundle), asked.key)
        server.shelf = Shelf(bundle, url)
    except OSError as error:
        sys.stderr.write(f"serve.py: {error.filename or asked.listen}: {error.strerror or error}\n")
        return REFUSED
    except (RefusedError, ValueError, KeyError) as error:
        sys.stderr.write(f"serve.py: {error}\n")
        return REFUSED
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    sys.stdout.write(
        f"publication {bundle.manifest['sequence']} of {bundle.manifest['lineage']}: "
        f"its signature is right\n"
        f"serves {url}, read only; each file is hashed before it is sent\n"
        f"listens on {host}:{server.server_address[1]}\n"
        f"This notices damage and a changed bundle, and can not notice a changed serve.py:\n"
        f"this one has the SHA-256 {own}\n"
    )
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
