"""Channels are at their paths, one of them at the short ones; none serves what is recalled."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mirror.catalog.values import Digest
from mirror.publication.documents import decode_publication, encode
from mirror.storage.freshness import SignedPage
from mirror.web.app import Serving
from tests.web.building import ESP, PICO, PICO_OLD, Builder, Written, image, images
from tests.web.conftest import NODE, Site, served, status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirror.publication.documents import PublicationRoot

LAB = "/v1/channels/lab-stable"


async def read(builder: Builder, root: Digest) -> PublicationRoot:
    """Return a root."""
    return decode_publication(await builder.store.blobs.read(root, max_bytes=1 << 26))


async def show(builder: Builder, root: Digest, channel: str = "lab-stable") -> Digest:
    """Have *channel* show what the publication *root* names, as a promotion does."""
    store = builder.store
    before = await store.publications.current(channel)
    known = await read(builder, before) if before else None
    shown = await read(builder, root)
    builder.now += timedelta(hours=1)
    own = replace(
        shown,
        channel=channel,
        sequence=known.sequence + 1 if known else 1,
        previous=before,
        published=builder.now.isoformat(),
    )
    digest = await store.blobs.put(encode(own))
    await store.publications.point(channel, digest, after=before)
    return digest


@asynccontextmanager
async def lab(
    builder: Builder, channel: str = "current", grace: timedelta = timedelta(days=3)
) -> AsyncIterator[Site]:
    """Serve what *builder* has, *channel* at the short paths."""
    told = Serving(
        node=NODE,
        status=status,
        channel=channel,
        grace=grace,
        poll=3600,
        freshness=lambda name: SignedPage(f'"{name}"', {}),
    )
    async with served(builder.store, told=told) as site:
        await site.shelf.refresh()
        yield site


async def names_at(site: Site, place: str) -> set[str]:
    """Return the files in the feed at *place*."""
    feed = json.loads((await site.client.get(f"{place}/feed.json")).body)
    return {
        file["name"]
        for board in feed["boards"]
        for release in board["releases"]
        for file in release["files"]
    }


async def test_each_channel_is_at_its_path(builder: Builder) -> None:
    old = await builder.publish(images(PICO_OLD))
    await show(builder, old)
    await builder.publish(images(PICO))
    async with lab(builder) as site:
        assert await names_at(site, LAB) == {PICO_OLD}
        assert await names_at(site, "/v1") == await names_at(site, "/v1/channels/current") == {PICO}
        root = json.loads((await site.client.get(f"{LAB}/root.json")).body)
        assert (root["channel"], root["sequence"]) == ("lab-stable", 1)


async def test_the_default_channel_is_at_every_short_path(builder: Builder) -> None:
    """So clients that know of no channels get it; and ``current`` still has its own path."""
    old = await builder.publish(images(PICO_OLD))
    await show(builder, old)
    await builder.publish(images(PICO))
    async with lab(builder, "lab-stable") as site:
        sums = (await site.client.get("/resources/firmware/SHA256SUMS")).body.decode()
        page = (await site.client.get("/download/RPI_PICO_W/")).body.decode()
        listed = json.loads((await site.client.get("/v1/publications.json")).body)

        assert await names_at(site, "/v1") == {PICO_OLD}
        assert await names_at(site, "/v1/channels/current") == {PICO}
        assert [name in sums for name in (PICO, PICO_OLD)] == [False, True]
        assert [name in page for name in (PICO, PICO_OLD)] == [False, True]
        assert [one["sequence"] for one in listed["publications"]] == [3, 2, 1]


async def test_a_channel_is_served_while_the_default_one_shows_nothing(store: Written) -> None:
    """As where bundles are imported to a channel only."""
    builder = Builder(store)
    root = await builder.publish(images(PICO))
    await show(builder, root, "lab-test")
    async with lab(builder, "lab-stable") as site:
        place = "/v1/channels/lab-test"
        sums = await site.client.get(f"{place}/resources/firmware/SHA256SUMS")
        file = await site.client.get(f"{place}/files/{PICO}")
        blob = await site.client.get(f"/v1/blobs/{Digest.of(image(PICO))}")

        assert await names_at(site, place) == {PICO}
        assert (PICO in sums.body.decode(), file.body, blob.status) == (True, image(PICO), 200)
        assert (await site.client.get("/v1/feed.json")).status == 404


async def test_before_the_default_channel_shows_anything_it_is_said_how(builder: Builder) -> None:
    async with lab(builder, "lab-stable") as site:
        answer = await site.client.get("/v1/feed.json")
        ready = await site.client.get("/readyz")

        assert (answer.status, ready.status) == (404, 503)
        assert "mpmirror channel promote lab-stable" in answer.body.decode()


async def test_lists_and_pages_of_a_channel_stand_behind_its_name(builder: Builder) -> None:
    """The sums, the news, upstream's pages, and the firmware itself."""
    old = await builder.publish(images(PICO_OLD))
    await show(builder, old)
    await builder.publish(images(PICO))
    async with lab(builder) as site:
        get = site.client.get
        sums = (await get(f"{LAB}/resources/firmware/SHA256SUMS")).body.decode()
        news = await get(f"{LAB}/feeds/firmware.atom")
        page = await get(f"{LAB}/download/RPI_PICO_W/")
        file = await get(f"{LAB}/resources/firmware/{PICO_OLD}")
        other = await get(f"{LAB}/resources/firmware/{PICO}")
        nothing = await get(f"{LAB}/nothing/here")

        assert [name in sums for name in (PICO, PICO_OLD)] == [False, True]
        assert (news.status, page.status, PICO_OLD in page.body.decode()) == (200, 200, True)
        assert (file.body, other.status, nothing.status) == (image(PICO_OLD), 404, 404)


async def test_a_file_that_only_a_channel_names_is_found_at_its_short_path(
    builder: Builder,
) -> None:
    """The lists of a channel lead there; it comes into being while somebody serves."""
    old = await builder.publish(images(PICO_OLD))
    await builder.publish(images(PICO))
    async with lab(builder, grace=timedelta(0)) as site:
        before = await site.client.get(f"/v1/files/{PICO_OLD}")
        await show(builder, old)
        await site.shelf.refresh()
        after = await site.client.get(f"/v1/files/{PICO_OLD}")

        assert (before.status, after.status, after.body) == (404, 200, image(PICO_OLD))


async def test_who_began_on_what_a_channel_showed_can_finish(builder: Builder) -> None:
    """P2, at the path of the channel and, where it is the default one, at the short ones."""
    old, new = [await builder.publish(images(name)) for name in (PICO_OLD, PICO)]
    await show(builder, old)
    await show(builder, new)
    for channel, place in (("current", LAB), ("lab-stable", LAB), ("lab-stable", "/v1")):
        async with lab(builder, channel) as site:
            began = await site.client.get(f"{place}/files/{PICO_OLD}")

            assert (began.status, await names_at(site, place)) == (200, {PICO})


async def test_recalled_bytes_are_served_through_no_channel(builder: Builder) -> None:
    """Also through one that was not rendered again yet, whatever is at the short paths."""
    old = await builder.publish(images(PICO_OLD, ESP))
    await show(builder, old)
    await builder.publish(images(ESP), recalled=[image(PICO_OLD)])
    paths = [
        f"/v1/files/{PICO_OLD}",
        f"/resources/firmware/{PICO_OLD}",
        f"{LAB}/files/{PICO_OLD}",
        f"{LAB}/resources/firmware/{PICO_OLD}",
        f"/v1/blobs/{Digest.of(image(PICO_OLD))}",
        f"/v1/publications/2/files/{PICO_OLD}",
    ]
    for channel in ("current", "lab-stable"):
        async with lab(builder, channel) as site:
            answers = [await site.client.get(path) for path in paths]

            assert {answer.status for answer in answers} == {410}
            assert not any(answer.body for answer in answers)
            assert (await site.client.get(f"{LAB}/files/{ESP}")).status == 200


async def test_a_name_that_a_channel_has_lost_by_a_recall_is_gone(builder: Builder) -> None:
    """Not merely unknown, whatever is at the short paths."""
    old = await builder.publish(images(PICO_OLD, ESP))
    await show(builder, old)
    new = await builder.publish(images(ESP), recalled=[image(PICO_OLD)])
    await show(builder, new)
    for channel in ("current", "lab-stable"):
        async with lab(builder, channel) as site:
            answers = [
                await site.client.get(f"{LAB}/{path}/{PICO_OLD}")
                for path in ("files", "resources/firmware")
            ]

            assert [answer.status for answer in answers] == [410, 410]


async def test_what_is_recalled_while_a_channel_is_served_is_gone_after_a_look(
    builder: Builder,
) -> None:
    """The pointer of the channel has not moved."""
    old = await builder.publish(images(PICO_OLD, ESP))
    await show(builder, old)
    async with lab(builder, "lab-stable") as site:
        before = await site.client.get(f"/v1/files/{PICO_OLD}")
        await builder.publish(images(ESP), recalled=[image(PICO_OLD)])
        await site.shelf.refresh()
        after = await site.client.get(f"/v1/files/{PICO_OLD}")

        assert (before.status, after.status) == (200, 410)


async def test_the_list_of_channels_says_where_each_is(builder: Builder) -> None:
    async with lab(builder, "current") as site:
        first = json.loads((await site.client.get("/v1/channels.json")).body)
        current = await builder.store.publications.current()
        assert current is not None
        root = await show(builder, current)
        second = json.loads((await site.client.get("/v1/channels.json")).body)

        assert (first["default"], [one["channel"] for one in first["channels"]]) == (
            "current",
            ["current"],
        )
        [_, line] = second["channels"]
        assert (line["channel"], line["sequence"], line["root"]) == ("lab-stable", 1, str(root))
        assert (await site.client.get(line["path"])).status == 200


async def test_each_channel_has_its_own_freshness(builder: Builder) -> None:
    """At the short path that of the default channel."""
    async with lab(builder, "lab-stable") as site:
        short = await site.client.get("/v1/freshness.json")
        current = await site.client.get("/v1/channels/current/freshness.json")

        assert (short.body, current.body) == (b'"lab-stable"', b'"current"')


async def test_a_channel_that_can_not_be_read_leaves_the_others_alone(
    builder: Builder, site: Site
) -> None:
    """What is served at the short paths stays so."""
    broken = await builder.store.blobs.put(b"no root")
    await builder.store.publications.point("lab-broken", broken, after=None)
    await site.shelf.refresh()
    answers = [
        await site.client.get(path)
        for path in ("/v1/feed.json", "/readyz", "/v1/channels/lab-broken/feed.json")
    ]

    assert [answer.status for answer in answers][:2] == [200, 200]
    assert answers[2].status >= 500
