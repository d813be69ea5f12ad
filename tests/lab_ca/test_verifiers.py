"""What others make of an authority that is bound to its hosts: OpenSSL, NSS, Node, Python.

Whoever had the authority's key could sign anything with it; a verifier must refuse all that
is not for the hosts.  Here it is signed, and shown to the real verifiers.
"""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mirror.lab_ca.issuing import Authority, Leaf, make_authority, make_leaf

HOSTS: Final = ("micropython.org", "mirror.lab")
NOW: Final = datetime.now(UTC).replace(microsecond=0)
DAYS: Final = timedelta(days=2)
OPENSSL, NODE, CERTUTIL, VFYCHAIN = map(shutil.which, ("openssl", "node", "certutil", "vfychain"))

#: Names that a stolen key could be used for, and whether a verifier takes them.
SIGNED: Final = {
    "the hosts": (("DNS:micropython.org", "DNS:mirror.lab"), True),
    "below a host": (("DNS:files.mirror.lab",), True),
    "another host": (("DNS:github.com",), False),
    "a host that only ends alike": (("DNS:evilmirror.lab",), False),
    "the domain above": (("DNS:lab",), False),
    "a pattern above": (("DNS:*.lab",), False),
    "one of them is foreign": (("DNS:mirror.lab", "DNS:github.com"), False),
    "an address": (("IP:127.0.0.1",), False),
    "a long address": (("IP:::1",), False),
    "an e-mail address": (("DNS:mirror.lab", "email:root@mirror.lab"), False),
    "a URI": (("DNS:mirror.lab", "URI:https://mirror.lab/"), False),
}


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, in files."""

    authority: Path
    leaf: Path
    key: Path


@pytest.fixture(scope="module")
def authority() -> Authority:
    """An authority for two hosts."""
    return make_authority(HOSTS, NOW, NOW + DAYS)


def named(text: str) -> x509.GeneralName:
    """Read ``DNS:mirror.lab``."""
    kind, _, value = text.partition(":")
    match kind:
        case "DNS":
            return x509.DNSName(value)
        case "IP":
            return x509.IPAddress(ipaddress.ip_address(value))
        case "email":
            return x509.RFC822Name(value)
        case _:
            return x509.UniformResourceIdentifier(value)


def sign(authority: Authority, names: tuple[str, ...]) -> Leaf:
    """Sign what `make_leaf` would never."""
    key = ec.generate_private_key(ec.SECP256R1())
    common = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server")])
    builder = x509.CertificateBuilder(
        issuer_name=authority.certificate.subject,
        subject_name=common,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=NOW - DAYS,
        not_valid_after=NOW + DAYS,
    ).add_extension(x509.SubjectAlternativeName(list(map(named, names))), critical=False)
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
    )
    certificate = builder.sign(authority.key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    return Leaf(
        certificate.public_bytes(pem),
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


@pytest.fixture(params=SIGNED)
def signed(
    request: pytest.FixtureRequest, authority: Authority, tmp_path: Path
) -> tuple[Signed, bool]:
    """Return something that was signed, and whether it is to be taken."""
    names, taken = SIGNED[request.param]
    return in_files(tmp_path, authority, sign(authority, names)), taken


def in_files(folder: Path, authority: Authority, leaf: Leaf) -> Signed:
    """Write what is shown to verifiers."""
    files = Signed(folder / "authority.pem", folder / "leaf.pem", folder / "key.pem")
    files.authority.write_bytes(authority.pem)
    files.leaf.write_bytes(leaf.pem)
    files.key.write_bytes(leaf.key_pem)
    return files


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a verifier."""
    return subprocess.run(  # noqa: S603 - the arguments are ours
        list(map(str, words)), check=False, capture_output=True, text=True, timeout=60
    )


def openssl_takes(files: Signed, *more: str) -> bool:
    """Ask OpenSSL."""
    said = run(
        *("openssl", "verify", *more, "-no-CApath", "-no-CAstore"),
        *("-purpose", "sslserver", "-CAfile", files.authority, files.leaf),
    )
    return said.returncode == 0


def nss_takes(files: Signed, folder: Path) -> bool:
    """Ask NSS, which Firefox has, and Chromium on Linux for its authorities."""
    store = f"sql:{folder}"
    assert run("certutil", "-N", "-d", store, "--empty-password").returncode == 0
    trusted = ("-n", "lab", "-t", "C,,", "-a", "-i", files.authority)
    assert run("certutil", "-A", "-d", store, *trusted).returncode == 0
    said = run("vfychain", "-d", store, "-u", "1", "-pp", "-a", files.leaf)
    assert "Chain is" in said.stdout + said.stderr
    return said.returncode == 0


@pytest.mark.skipif(OPENSSL is None, reason="no openssl")
def test_openssl_takes_the_hosts_and_refuses_the_rest(signed: tuple[Signed, bool]) -> None:
    files, taken = signed

    assert openssl_takes(files) == taken


@pytest.mark.skipif(CERTUTIL is None or VFYCHAIN is None, reason="no libnss3-tools")
def test_nss_takes_the_hosts_and_refuses_the_rest(
    signed: tuple[Signed, bool], tmp_path: Path
) -> None:
    files, taken = signed

    assert nss_takes(files, tmp_path) == taken


# It only asks whether the chain is good: names are compared elsewhere.
NODE_CLIENT: Final = """
const [, port, ca] = process.argv;
const socket = require("tls").connect({
  port: Number(port), host: "127.0.0.1", servername: "mirror.lab",
  ca: require("fs").readFileSync(ca), checkServerIdentity: () => undefined,
});
socket.on("secureConnect", () => { console.log("taken"); process.exit(0); });
socket.on("error", (error) => { console.log(error.message); process.exit(0); });
"""


@pytest.mark.skipif(NODE is None, reason="no node")
@pytest.mark.parametrize("signed", ["the hosts", "another host", "an address"], indirect=True)
async def test_node_takes_the_hosts_and_refuses_the_rest(signed: tuple[Signed, bool]) -> None:
    files, taken = signed
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.leaf, files.key)
    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        said = await asyncio.to_thread(run, "node", "-e", NODE_CLIENT, port, files.authority)

    assert (said.stdout == "taken\n") == taken
    assert taken or "subtree violation" in said.stdout


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End a connection."""
    writer.close()


@pytest.mark.skipif(OPENSSL is None, reason="no openssl")
def test_what_is_issued_is_taken_and_for_exactly_the_hosts(
    authority: Authority, tmp_path: Path
) -> None:
    leaf = make_leaf(HOSTS, authority, NOW, NOW + DAYS)
    files = in_files(tmp_path, authority, leaf)
    names = x509.load_pem_x509_certificate(leaf.pem).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )

    assert openssl_takes(files, "-x509_strict")
    assert [(type(name), name.value) for name in names.value] == [
        (x509.DNSName, host) for host in HOSTS
    ]


@pytest.mark.skipif(OPENSSL is None, reason="no openssl")
def test_it_can_sign_no_further_authority(authority: Authority, tmp_path: Path) -> None:
    """Constraints that a second authority would not have to keep are kept by having none."""
    key = ec.generate_private_key(ec.SECP256R1())
    below = (
        x509.CertificateBuilder(
            issuer_name=authority.certificate.subject,
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "below")]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=NOW - DAYS,
            not_valid_after=NOW + DAYS,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority.key, hashes.SHA256())
    )
    leaf = make_leaf(HOSTS, Authority(below, key), NOW, NOW + DAYS)
    files = in_files(tmp_path, authority, leaf)
    between = tmp_path / "between.pem"
    between.write_bytes(Authority(below, key).pem)
    said = run(
        *("openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", files.authority),
        *("-untrusted", between, files.leaf),
    )

    assert said.returncode != 0
    assert "path length" in said.stderr
