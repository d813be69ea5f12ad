"""`mpmirror lab-ca HOST…`: a private authority, bound to these hosts, and their certificate."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

import typer

from mirror.cli.invocation import invocation_of
from mirror.cli.terminal import say, say_json
from mirror.daemon.parts import now
from mirror.errors import ConfigurationError
from mirror.lab_ca.cabinet import LONGEST, Cabinet, Order
from mirror.lab_ca.hosts import read_hosts
from mirror.lab_ca.issuing import fingerprint
from mirror.storage.certificates import AUTHORITY, AUTHORITY_KEY, HostSet
from mirror.storage.disk import Disk
from mirror.storage.files import Files


def lab_ca(  # noqa: PLR0913 - an option each
    context: typer.Context,
    hosts: Annotated[
        list[str] | None,
        typer.Argument(
            help="The hosts to vouch for, and no others; none named: say what was issued.",
            metavar="HOST…",
            show_default=False,
        ),
    ] = None,
    *,
    days: Annotated[
        int, typer.Option(help="How long the certificate is valid.", min=1, max=LONGEST.days)
    ] = 90,
    keep_key: Annotated[
        bool, typer.Option("--keep-key", help="Keep the authority's key, to sign with it again.")
    ] = False,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make the next certificate for these hosts.")
    ] = False,
    switch: Annotated[
        bool, typer.Option("--switch", help="Use what --rotate prepared, once clients trust it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for a script.")] = False,
) -> None:
    """Make a private authority that can vouch for certain hosts only, and their certificate."""
    settings = invocation_of(context).settings()
    cabinet = Cabinet(settings.keys_dir, Files(Disk()), now)
    if rotate and switch:
        raise ConfigurationError("--rotate prepares, --switch uses: one after the other")
    if not hosts:
        if rotate or switch:
            raise ConfigurationError("say which hosts: mpmirror lab-ca names what was issued")
        found = cabinet.sets()
    else:
        names, order = read_hosts(hosts), Order(timedelta(days=days), keep_key)
        if switch:
            found = [cabinet.switch(names)]
        else:
            found = [cabinet.rotate(names, order) if rotate else cabinet.issue(names, order)]
    if as_json:
        say_json([_document(one) for one in found])
        return
    for line in _told(found) if hosts else _listed(found):
        say(line)


def _listed(found: list[HostSet]) -> Iterator[str]:
    if not found:
        yield "Nothing was issued: mpmirror lab-ca HOST…"
    for one in found:
        for issued in one.generations:
            state = "in use" if issued is one.current else "prepared"
            until = f"{issued.terms.until:%Y-%m-%d}"
            yield f"{' '.join(issued.terms.hosts)}: {state}, until {until}: {issued.certificate}"


def _told(found: list[HostSet]) -> Iterator[str]:
    for one in found:
        newest = one.generations[-1]
        hosts = newest.terms.hosts
        authority = newest.folder / AUTHORITY
        kept = newest.folder / AUTHORITY_KEY
        yield f"Issued for {', '.join(hosts)}, until {newest.terms.until:%Y-%m-%d}: {newest.folder}"
        yield (
            "The authority can vouch for these names and for every name below them"
            f" (such as x.{hosts[0]}), and for nothing else: no other name, no IP address, no"
            " e-mail address, no URI."
        )
        if kept.exists():
            yield f"Its key is kept: who has {kept} can be these hosts to your clients."
        else:
            yield "Its key was never written down: nobody can sign with it again."
        yield f"For clients: {authority}, also at /setup/authority.pem of the mirror, with the"
        yield f"  SHA-256 fingerprint {fingerprint(authority.read_bytes())}"
        if one.prepared is None:
            yield (
                'To serve with it: tls.listen = ["0.0.0.0:443"] and a new start; a daemon that'
                " serves over TLS already takes SIGHUP (systemctl reload mpmirror)."
            )
        else:
            yield (
                "It is prepared, not used yet: give clients /setup/authority.pem, which has the old"
                f" and the new one, then run: mpmirror lab-ca --switch {' '.join(hosts)}"
            )


def _document(one: HostSet) -> dict[str, Any]:
    return {
        "hosts": one.current.terms.hosts,
        "generations": [
            {
                "state": "current" if issued is one.current else "prepared",
                "until": issued.terms.until.isoformat(),
                "certificate": str(issued.certificate),
                "key": str(issued.key),
                "authority": str(issued.folder / AUTHORITY),
                "fingerprint": fingerprint((issued.folder / AUTHORITY).read_bytes()),
            }
            for issued in one.generations
        ],
    }
