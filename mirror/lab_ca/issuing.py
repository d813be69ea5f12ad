"""Make an authority that is bound to its hosts, and a certificate for exactly these hosts.

The authority's certificate permits names at and below the hosts (RFC 5280 section 4.2.1.10:
a permitted name includes every name below it) and excludes every IP address.  Of e-mail
addresses and URIs it permits those of ``nobody.invalid`` only, which nobody can have
(RFC 2606): verifiers read an empty exclusion of these in different ways.  The constraints are
critical, so that whoever does not understand them refuses the authority.  It signs servers
only, and no further authority.
"""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mirror.errors import DamagedError
from mirror.frozen import dataclass

# Clocks of rooms without Internet are often behind.
_BEHIND: Final = timedelta(days=1)
_NOBODY: Final = "nobody.invalid"
_LONGEST_NAME: Final = 64  # of a common name: RFC 5280 appendix A.1

Key: TypeAlias = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that can still sign; keep its *key* nowhere longer than needed."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate, for clients."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key."""
        return _key_pem(self.key)

    @property
    def until(self) -> datetime:
        """When it ends."""
        return self.certificate.not_valid_after_utc


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate and its private key, as PEM."""

    pem: bytes
    key_pem: bytes


def make_authority(hosts: tuple[str, ...], now: datetime, until: datetime) -> Authority:
    """Return a new authority that can vouch for *hosts* and nothing else, *until* then."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Told apart by name, too: during a rotation clients trust two for the same hosts.
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
    name = _name(f"mpmirror lab authority {mark} for {hosts[0]}")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _builder(name, name, key, now, until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_constraints(hosts), critical=True)
        .add_extension(_for_servers(), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def make_leaf(hosts: tuple[str, ...], authority: Authority, now: datetime, until: datetime) -> Leaf:
    """Return a certificate for exactly *hosts*; it ends before *authority* does."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    issuer = authority.certificate
    builder = (
        _builder(_name(hosts[0]), issuer.subject, key, now, min(until, authority.until))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(names, critical=False)
        .add_extension(_for_servers(), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    certificate = builder.sign(authority.key, hashes.SHA256())
    return Leaf(certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key))


def read_authority(pem: bytes, key_pem: bytes) -> Authority:
    """Read back what was kept of an authority; raise `DamagedError` when it is not that."""
    try:
        key = serialization.load_pem_private_key(key_pem, None)
        certificate = x509.load_pem_x509_certificate(pem)
    except (ValueError, TypeError) as error:
        raise DamagedError("the kept key of the authority can not be read") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise DamagedError("the kept key of the authority is of another kind")
    return Authority(certificate, key)


def fingerprint(pem: bytes) -> str:
    """Return the SHA-256 of the certificate *pem*, as browsers and openssl show it."""
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    return hashlib.sha256(der).digest().hex(":").upper()


def _constraints(hosts: tuple[str, ...]) -> x509.NameConstraints:
    return x509.NameConstraints(
        permitted_subtrees=[
            *(x509.DNSName(host) for host in hosts),
            x509.RFC822Name(_NOBODY),
            x509.UniformResourceIdentifier(_NOBODY),
        ],
        excluded_subtrees=[
            x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")),
            x509.IPAddress(ipaddress.ip_network("::/0")),
        ],
    )


def _for_servers() -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEHIND)
        .not_valid_after(until)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:_LONGEST_NAME])])


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
