"""From settings to the log of deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.storage.deliveries import FOLDER, DeliveryTerms

if TYPE_CHECKING:
    from mirror.config import Settings


def delivery_terms_of(settings: Settings) -> DeliveryTerms | None:
    """Return on which terms deliveries are written down; None: they are not."""
    log = settings.log
    if not log.deliveries:
        return None
    return DeliveryTerms(
        folder=settings.data_dir / FOLDER, keep=log.keep_deliveries, addresses=log.addresses
    )
