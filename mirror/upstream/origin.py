"""Where upstream is, and which URLs are upstream's own.

A URL that passes here is written anew from the configured scheme, host and TCP port and
the quoted rest, so that no two readings of an odd URL can disagree about its host.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from mirror.errors import ConfigurationError, RedirectRefusedError, RefusedError
from mirror.frozen import dataclass

LONGEST_URL = 2000
_DEFAULT_LISTEN = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
_SAFE = "/%:=&?~+!$,;'@()*"


@dataclass(frozen=True, slots=True)
class Origin:
    """The configured upstream: ``scheme``, ``host`` (lower case, no final dot), TCP port."""

    scheme: str
    host: str
    listen: int

    @classmethod
    @functools.lru_cache(maxsize=64)
    def parse(cls, text: str) -> Origin:
        """Read ``https://host`` or ``http://host:8080``; raise `ConfigurationError` for more."""
        try:
            parts = _split(text)
        except RefusedError as error:
            raise ConfigurationError(f"the upstream URL can not be used: {error}") from error
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ConfigurationError(
                f"the upstream URL is a scheme and a host only, without path: {text[:200]!r}"
            )
        return cls(parts.scheme, _host_of(parts), _listen_of(parts))

    @property
    def url(self) -> str:
        """The base URL, without a final slash."""
        return self._base(self.scheme, self.host)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that are this upstream: its name, and the same with or without ``www.``."""
        if _is_literal(self.host) or "." not in self.host:
            return frozenset({self.host})
        bare = self.host.removeprefix("www.")
        return frozenset({self.host, bare, f"www.{bare}"})

    def locate(self, url: str) -> str:
        """Return *url* in the one form that is requested; raise `RefusedError` if not ours.

        Ours are only the own hosts on the configured TCP port, with a scheme no lower
        than the configured one.
        """
        if self._is_written_so(url):
            return url
        parts = _split(url)
        host = _host_of(parts)
        if host not in self.hosts:
            raise RefusedError(f"{url[:200]!r} is not on upstream's host {self.host}")
        if self.scheme == "https" and parts.scheme != "https":
            raise RefusedError(f"{url[:200]!r} would go down from https to {parts.scheme}")
        listen = _listen_of(parts)
        if listen != self.listen:
            raise RefusedError(
                f"{url[:200]!r} is on TCP port {listen}, while upstream is set to {self.listen}"
            )
        return self._base(parts.scheme, host) + _rest(parts)

    def follow(self, current: str, location: str) -> str:
        """Return where a redirect from *current* leads; raise `RedirectRefusedError` if away.

        *location* may be relative; what it says about scheme, host and TCP port is held
        to the rules of `locate`, and the scheme may not fall below that of *current*.
        """
        try:
            target = self.locate(_join(current, location.strip(" ")))
        except RefusedError as error:
            raise RedirectRefusedError(f"{current}: redirected, but {error}") from error
        if current.startswith("https:") and not target.startswith("https:"):
            raise RedirectRefusedError(f"{current}: redirected down from https to {target}")
        return target

    def _is_written_so(self, url: str) -> bool:
        """Whether *url* is in that form for sure: nearly all are, and this is soon seen."""
        base = self.url
        plain = len(url) <= LONGEST_URL and url.startswith(f"{base}/")
        return plain and _PLAIN.fullmatch(url, len(base)) is not None

    def _base(self, scheme: str, host: str) -> str:
        name = f"[{host}]" if ":" in host else host
        suffix = "" if _DEFAULT_LISTEN[scheme] == self.listen else f":{self.listen}"
        return f"{scheme}://{name}{suffix}"


def _join(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError as error:
        raise RefusedError(f"not a URL: {url[:200]!r} ({error})") from error


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise RefusedError(f"a URL of {len(url)} characters: {url[:80]!r}…")
    if _CONTROL.search(url):
        raise RefusedError(f"a URL with control characters: {url[:200]!r}")
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError as error:
        raise RefusedError(f"not a URL: {url[:200]!r} ({error})") from error
    if parts.scheme not in _DEFAULT_LISTEN or not parts.hostname:
        raise RefusedError(f"not an http(s) URL: {url[:200]!r}")
    if "@" in parts.netloc or not parts.netloc.isascii():
        raise RefusedError(f"a URL with a user or an odd host: {url[:200]!r}")
    return parts


def _host_of(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    return str(ipaddress.ip_address(host)) if _is_literal(host) else host


def _listen_of(parts: SplitResult) -> int:
    return _DEFAULT_LISTEN[parts.scheme] if parts.port is None else parts.port


def _rest(parts: SplitResult) -> str:
    try:
        # Header text that is not UTF-8 arrives with surrogates; they become its bytes again.
        path = quote(parts.path or "/", safe=_SAFE.replace("?", ""), errors="surrogateescape")
        query = quote(parts.query, safe=_SAFE, errors="surrogateescape")
    except ValueError as error:
        raise RefusedError(f"a URL that can not be written: {parts.path[:200]!r}") from error
    return f"{path}?{query}" if query else path


@functools.lru_cache(maxsize=64)
def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
