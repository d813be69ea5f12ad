"""The certificates that are shown to clients: loaded whole, or the ones before stay.

Which one a client is shown is chosen by the name that it asks for (SNI, RFC 6066 section 3);
a name that none stands for gets the first, which the client then refuses.  A connection keeps
what it began with; `Certificates.load` is for those that come after it.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from mirror.errors import ConfigurationError
from mirror.frozen import dataclass
from mirror.storage.certificates import find_host_sets

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTHING: Final = (
    "tls.listen needs a certificate: `mpmirror lab-ca HOST…` makes one, or set tls.certificate"
    " and tls.key"
)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where certificates are: one's *own* (certificate and key), and the lab's in *folder*."""

    folder: Path
    own: tuple[Path, Path] | None = None

    def pairs(self) -> list[Pair]:
        """Return what there is, one's own first; this blocks."""
        own = [] if self.own is None else [Pair(*self.own)]
        return [
            *own,
            *(
                Pair(hosts.current.certificate, hosts.current.key, hosts.current.terms.hosts)
                for hosts in find_host_sets(self.folder)
            ),
        ]


@dataclass(frozen=True, slots=True)
class Pair:
    """A *certificate* and its *key*; ``hosts`` are the names that it is known to stand for."""

    certificate: Path
    key: Path
    hosts: tuple[str, ...] = ()


class Certificates:
    """What new connections are shown, out of *files*; `load` it first."""

    def __init__(self, files: CertificateFiles) -> None:
        self._files = files
        self._context: ssl.SSLContext | None = None
        #: The names that they are known to stand for.
        self.hosts: frozenset[str] = frozenset()

    @property
    def context(self) -> ssl.SSLContext:
        """What a connection that begins now is encrypted with."""
        assert self._context is not None, "certificates are loaded before they are shown"  # noqa: S101 - for the type
        return self._context

    def load(self) -> None:
        """Read the certificates anew; this blocks, shortly.

        Raises `ConfigurationError`, `StorageError` or `DamagedError`, and changes nothing
        then.
        """
        pairs = self._files.pairs()
        if not pairs:
            raise ConfigurationError(_NOTHING)
        self._context = _chosen_by_name(pairs)
        self.hosts = frozenset(host for pair in pairs for host in pair.hosts)


def _chosen_by_name(pairs: Sequence[Pair]) -> ssl.SSLContext:
    contexts = [_context_of(pair) for pair in pairs]
    by_name: dict[str, ssl.SSLContext] = {}
    for pair, context in zip(pairs, contexts, strict=True):
        for host in pair.hosts:
            by_name.setdefault(host, context)

    def choose(handshake: ssl.SSLObject, name: str | None, _first: ssl.SSLContext) -> None:
        context = by_name.get((name or "").lower())
        if context is not None:
            handshake.context = context

    contexts[0].sni_callback = choose
    return contexts[0]


def _context_of(pair: Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    try:
        context.load_cert_chain(pair.certificate, pair.key, password=_refuse_password)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise ConfigurationError(
            f"the certificate {pair.certificate} with the key {pair.key} can not be used:"
            f" {_reason(pair, error)}"
        ) from error
    return context


def _refuse_password() -> NoReturn:
    # Without this OpenSSL would ask on the terminal, and wait.
    raise ValueError("the key has a password: keep it without one, readable by mpmirror alone")


def _reason(pair: Pair, error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        if error.reason == "KEY_VALUES_MISMATCH":
            return "the key is of another certificate"
        return f"not PEM, or damaged ({error.reason or 'no certificate in it'})"
    if isinstance(error, OSError):
        missing = [path for path in (pair.certificate, pair.key) if not path.exists()]
        return f"{missing[0]} is not there" if missing else str(error.strerror)
    return str(error)
