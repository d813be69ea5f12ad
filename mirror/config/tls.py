"""``[tls]``: serving over TLS, with one's own certificate or with one of the lab's."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from mirror.config.addresses import ListenAddress
from mirror.config.fields import Folder, read_list
from mirror.frozen import dataclass

ListenAddresses = Annotated[tuple[ListenAddress, ...], BeforeValidator(read_list)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """``[tls]``: where clients are served over TLS, and with which certificate."""

    listen: Annotated[
        ListenAddresses,
        Field(description='Where clients are served over TLS: ["0.0.0.0:443"]; empty: nowhere.'),
    ] = ()
    proxy_listen: Annotated[
        ListenAddresses,
        Field(
            description="Where one process can be led here by HTTPS_PROXY, for the names that the"
            ' mirror answers by and no others: ["0.0.0.0:3128"].'
        ),
    ] = ()
    certificate: Annotated[
        Folder | None,
        Field(
            description="Your own certificate and the chain behind it, as a PEM file; not set: what"
            " `mpmirror lab-ca` issued."
        ),
    ] = None
    key: Annotated[
        Folder | None,
        Field(description="The private key of tls.certificate, as a PEM file without a password."),
    ] = None
