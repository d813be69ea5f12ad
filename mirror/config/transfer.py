"""``[transfer]``: how bundles are taken in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from mirror.config.fields import read_list


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSettings:
    """``[transfer]``: how bundles are taken in."""

    scan: Annotated[
        tuple[str, ...],
        BeforeValidator(read_list),
        Field(
            description='A program that looks at each new file of a bundle, as ["clamdscan",'
            ' "{file}"]: any exit status but 0 refuses the bundle.'
        ),
    ] = ()
