"""``[transfer]`` and ``[freshness]``: how bundles are taken in, how old data may become."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from mirror.config.channels import Channel
from mirror.config.fields import Duration, Folder, between, read_list
from mirror.config.limits import MostAge
from mirror.frozen import dataclass


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
    inbox: Annotated[
        Folder | None,
        Field(description="A folder from which the daemon imports the bundles that are put there."),
    ] = None
    inbox_channel: Annotated[
        Channel, Field(description="The channel that those are published on.")
    ] = "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessSettings:
    """``[freshness]``: how old what is served may become before something is said or done."""

    warn_after: Annotated[
        Duration,
        between(timedelta(hours=1), timedelta(days=3660)),
        Field(
            description="Age of the data from which on status warns, and readers of freshness.json"
            " do."
        ),
    ] = timedelta(days=90)
    stop_after: Annotated[
        MostAge,
        Field(
            description='Age from which on nothing is served any more, as "400d"; "none": it is'
            " served at any age."
        ),
    ] = None
