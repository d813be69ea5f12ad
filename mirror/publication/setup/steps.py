"""The steps that guides have in common: trusting an authority, leading names here, and undoing it.

No line is made of anything but the `Place`, whose parts are checked where settings are read.
"""

from __future__ import annotations

import shlex
from typing import Final

from mirror.publication.setup.model import Dialect, Lines, Place, Step, System

AUTHORITY_PATH: Final = "/setup/authority.pem"
AUTHORITY: Final = "lab-authority.pem"
BUNDLE: Final = "lab-bundle.pem"
#: Marks our lines in a hosts file, so that they are found again.
_MARK: Final = "# mpmirror"
_X509: Final = "Security.Cryptography.X509Certificates.X509Certificate2"
_SHA256: Final = "Security.Cryptography.SHA256"
_WINDOWS_HOSTS: Final = r"$env:SystemRoot\System32\drivers\etc\hosts"


def shell(*text: str, system: System = System.UNIX) -> Lines:
    """Return lines for a shell."""
    return Lines(system, Dialect.SHELL, text)


def powershell(*text: str) -> Lines:
    """Return lines for PowerShell."""
    return Lines(System.WINDOWS, Dialect.POWERSHELL, text)


def ask_url(url: str) -> tuple[Lines, Lines]:
    """See that *url* answers."""
    return (
        shell(f"curl -fsS {shlex.quote(url)} | head -c 300"),
        powershell(f"(Invoke-WebRequest '{url}').StatusCode"),
    )


def both(command: str) -> tuple[Lines, Lines]:
    """Type *command*, which is the same everywhere."""
    return shell(command), powershell(command)


def in_file(file: str, *text: str, system: System = System.ANY) -> Lines:
    """Return lines that stand in *file*."""
    return Lines(system, Dialect.FILE, text, file)


def fetch_authority(place: Place) -> Step:
    """Fetch the authority's certificate, and look at its fingerprint."""
    url = place.base + AUTHORITY_PATH
    look = f"openssl x509 -in {AUTHORITY} -noout -fingerprint -sha256"
    return Step(
        "Fetch the certificate of the room's authority, and compare its SHA-256 fingerprint with"
        " the one that the mirror's operator gives you. Do not go on if they differ.",
        (
            shell(f"curl -fsS {shlex.quote(url)} -o {AUTHORITY}", look),
            powershell(
                f"Invoke-WebRequest '{url}' -OutFile {AUTHORITY}",
                f'$c = New-Object {_X509} "$PWD\\{AUTHORITY}"',
                f"[BitConverter]::ToString([{_SHA256}]::Create().ComputeHash($c.RawData))",
            ),
        ),
    )


def combine_bundle() -> Step:
    """Put the room's authority behind the usual ones."""
    return Step(
        "Combine it with the usual authorities, so that other sites stay reachable. Fedora has them"
        " in /etc/pki/tls/certs/ca-bundle.crt; on Windows they come with Python's certifi.",
        (
            shell(
                f"cat /etc/ssl/certs/ca-certificates.crt {AUTHORITY} > {BUNDLE}",
                system=System.LINUX,
            ),
            shell(f"cat /etc/ssl/cert.pem {AUTHORITY} > {BUNDLE}", system=System.MACOS),
            powershell(f"Get-Content (py -m certifi), {AUTHORITY} | Set-Content {BUNDLE}"),
        ),
    )


def remove_files() -> Step:
    """Remove what was fetched."""
    return Step(
        "Close that terminal, and remove the files.",
        (
            shell(f"rm -f {AUTHORITY} {BUNDLE}"),
            powershell(f"Remove-Item {AUTHORITY}, {BUNDLE} -ErrorAction SilentlyContinue"),
        ),
    )


def run_with(variables: dict[str, str], command: str) -> tuple[Lines, Lines]:
    """Run *command* with *variables* in the environment of this process only."""
    settings = " ".join(f"{name}={_for_shell(value)}" for name, value in variables.items())
    return (
        shell(f"{settings} {command}"),
        powershell(
            *(f"$env:{name} = {_for_power(text)}" for name, text in variables.items()), command
        ),
    )


def lead_names(place: Place, hosts: tuple[str, ...]) -> Step:
    """Have the room's DNS lead *hosts* here."""
    return Step(
        "Have the room's DNS answer these names, and only these, with the mirror's address. For"
        " dnsmasq (as in many routers):",
        (
            Lines(
                System.ANY,
                Dialect.DNSMASQ,
                tuple(f"host-record={host},{place.literal}" for host in hosts),
                "/etc/dnsmasq.d/mpmirror.conf",
            ),
        ),
    )


def unlead_names() -> Step:
    """Undo `lead_names`."""
    return Step(
        "Remove these lines and restart the DNS server.",
        (
            shell(
                "sudo rm /etc/dnsmasq.d/mpmirror.conf && sudo systemctl restart dnsmasq",
                system=System.LINUX,
            ),
        ),
    )


def write_hosts(place: Place, hosts: tuple[str, ...]) -> Step:
    """Lead *hosts* here on one machine."""
    line = f"{place.literal} {' '.join(hosts)} {_MARK}"
    return Step(
        "Add a line to the hosts file, as an administrator.",
        (
            shell(f"echo '{line}' | sudo tee -a /etc/hosts"),
            powershell(f'Add-Content "{_WINDOWS_HOSTS}" "{line}"'),
        ),
    )


def unwrite_hosts() -> Step:
    """Undo `write_hosts`."""
    return Step(
        "Take the line out again; forgotten, it leads this machine here for ever.",
        (
            shell(f"sudo sed -i.bak '/{_MARK}$/d' /etc/hosts"),
            powershell(
                f'$f = "{_WINDOWS_HOSTS}"',
                f"(Get-Content $f) -notmatch '{_MARK}$' | Set-Content $f",
            ),
        ),
    )


def ask_name(host: str, path: str, proxy: str | None = None) -> Step:
    """Ask *host* over TLS, trusting the room's authority alone; through *proxy* if it is given."""
    through = "" if proxy is None else f"-x {proxy} "
    asked = f"-w '%{{http_code}}\\n' {through}--cacert {AUTHORITY} https://{host}{path}"
    return Step(
        "This answers 200, and only when the name leads here and the authority is the right one.",
        (shell(f"curl -sS -o /dev/null {asked}"), powershell(f"curl.exe -sS -o NUL {asked}")),
    )


def _for_shell(value: str) -> str:
    # A file is named from here, so that the program finds it wherever it goes.
    return f'"$PWD/{value}"' if value.endswith(".pem") else shlex.quote(value)


def _for_power(value: str) -> str:
    return f'"$PWD\\{value}"' if value.endswith(".pem") else f"'{value}'"
