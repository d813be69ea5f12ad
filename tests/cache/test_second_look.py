"""A file on demand is looked at twice too, where the policy asks for that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mirror.catalog.second_look import SecondLook
from tests.cache.node import OFFERED, caching, two_releases

if TYPE_CHECKING:
    from pathlib import Path

FILE = f"/v1/files/{OFFERED}"


async def test_it_is_not_served_before_the_second_look_agreed(tmp_path: Path) -> None:
    """Not by its digest either; clients are told when to come back."""
    async with caching(tmp_path, two_releases()) as mirror:
        mirror.way.rule = SecondLook(after=timedelta(days=1))
        first = await mirror.client.get(FILE)
        [seen] = (await mirror.node.store.index.pending()).values()
        by_digest = await mirror.client.get(f"/v1/blobs/{seen.digest}")
        again = await mirror.client.get(FILE)
        asked = mirror.replica.count(OFFERED)
        mirror.node.sleep(days=1)
        mirror.clock[0] += 3600
        later = await mirror.client.get(FILE)

        assert (first.status, first.body, again.status) == (503, b"", 503)
        assert 3600 <= int(first.fields["retry-after"]) <= 86_400
        assert by_digest.status == 404
        assert asked == 1
        assert (later.status, mirror.replica.count(OFFERED)) == (200, 2)
