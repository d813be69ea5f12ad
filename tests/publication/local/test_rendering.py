"""A local layer is rendered anew exactly when its boards would look different."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirror.errors import MalformedValueError
from mirror.publication import feeds
from mirror.publication.documents import encode
from mirror.publication.local.boards import BOARDS, INDEX_PATH
from mirror.publication.local.dialect import Dialect, Rendered, Site
from mirror.publication.local.layer import Layer
from mirror.publication.local.registry import DIALECTS
from mirror.publication.local.rendering import (
    fingerprint,
    is_own,
    render_layer,
    render_lists,
    render_offers,
    same_but_for_offers,
)
from mirror.publication.local.specimen import SPECIMENS
from mirror.publication.local.sums import SUMS_PATH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mirror.publication.documents import BoardDocument

SITE = Site("http://mirror.lab:8080", "https://micropython.org")
NOWHERE = replace(SITE, public_url=None)


def everything(site: Site) -> dict[str, Rendered]:
    """Return all that is rendered of the specimens, by path."""
    layers = [Layer.decode(render_layer(board, site)) for board in SPECIMENS]
    summaries = {
        dialect.name: [
            layer.summary(dialect.name) for layer in layers if dialect.name in layer.head.summaries
        ]
        for dialect in DIALECTS
    }
    of_boards = {
        path: Rendered(layer.body(place), place.media_type)
        for layer in layers
        for path, place in layer.head.documents.items()
    }
    return of_boards | dict(render_lists(summaries.__getitem__, site))


def of_each_board(site: Site) -> list[str]:
    """Return every path that a board of the specimens has, as often as it is rendered."""
    layers = [Layer.decode(render_layer(board, site)) for board in SPECIMENS]
    return [path for layer in layers for path in layer.head.documents]


def shouting(board: BoardDocument, _site: Site) -> Mapping[str, Rendered]:
    """Render a board as its name."""
    return {f"/loud/{board.board}": Rendered(board.board.encode())}


def test_a_dialect_that_renders_otherwise_changes_the_fingerprint() -> None:
    loud = Dialect(name="loud", per_board=shouting)
    quiet = replace(loud, per_board=lambda _board, _site: {})

    assert fingerprint(SITE, [loud]) == fingerprint(SITE, [replace(loud)])
    assert fingerprint(SITE, [loud]) != fingerprint(SITE, [quiet])
    assert fingerprint(SITE, [loud]) != fingerprint(SITE, [replace(loud, version=2)])
    assert fingerprint(SITE, [loud]) != fingerprint(SITE, [loud, BOARDS])


@pytest.mark.parametrize("board", SPECIMENS, ids=lambda board: board.board)
def test_other_files_on_demand_make_no_other_documents(board: BoardDocument) -> None:
    """From the layer of a board that had others comes what would be rendered anew."""
    [offer] = SPECIMENS[-1].on_demand
    offers = (replace(offer, date="2026-08-10"), replace(offer, version="v1.99.0"))
    before = Layer.decode(render_layer(replace(board, on_demand=(offer,)), SITE))
    now = replace(board, on_demand=offers)
    layer = Layer.decode(render_offers(now, SITE, before))

    assert render_offers(now, SITE, before) == render_layer(now, SITE)
    assert layer.documents() == before.documents()
    assert layer.summary("boards") != before.summary("boards")


def test_only_who_counts_what_is_on_demand_is_shown_it() -> None:
    def count(board: BoardDocument, _site: Site) -> bytes:
        return str(len(board.on_demand)).encode()

    def document(board: BoardDocument, site: Site) -> Mapping[str, Rendered]:
        return {"/count": Rendered(count(board, site))}

    dialects = [
        Dialect(name="held", per_board=document, summarise=count),
        Dialect(name="all", summarise=count, counts_offers=True),
    ]
    layer = Layer.decode(render_layer(SPECIMENS[-1], SITE, dialects))

    assert (layer.summary("held"), layer.summary("all")) == (b"0", b"1")
    assert layer.documents() == {"/count": Rendered(b"0")}


def test_only_what_is_on_demand_is_no_difference() -> None:
    """Neither a field that nobody knows nor one that is not there passes for the same."""
    with_offers = b'{"board":"X","on_demand":[{"name":"a"}],"releases":[]}'

    assert same_but_for_offers(with_offers, b'{"board":"X","releases":[]}')
    assert not same_but_for_offers(with_offers, b'{"board":"X"}')
    assert not same_but_for_offers(with_offers, b'{"board":"X","releases":[],"weather":1}')
    assert not same_but_for_offers(with_offers, b'{"board":"Y","on_demand":[],"releases":[]}')


def test_documents_as_we_write_them_differ_in_what_is_not_on_demand() -> None:
    board = SPECIMENS[-1]
    without = encode(replace(board, on_demand=()))

    assert board.on_demand
    assert same_but_for_offers(encode(board), without)
    assert not same_but_for_offers(encode(replace(board, page="https://else.example/")), without)
    assert not same_but_for_offers(encode(replace(board, board="ANOTHER")), without)


def test_two_dialects_can_not_have_one_path() -> None:
    twice = [Dialect(name=name, per_board=shouting) for name in ("one", "two")]

    with pytest.raises(MalformedValueError, match="two dialects render /loud/SPECIMEN_ESP"):
        render_layer(SPECIMENS[0], SITE, twice)


def test_no_two_dialects_and_no_two_boards_have_a_name_or_a_path_in_common() -> None:
    names = [dialect.name for dialect in DIALECTS]
    paths = of_each_board(SITE)

    assert len(names) == len(set(names))
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("site", [SITE, NOWHERE])
def test_every_path_is_one_that_a_client_can_ask_for(site: Site) -> None:
    rendered = everything(site)

    assert {INDEX_PATH, SUMS_PATH} <= rendered.keys()
    assert [path for path in rendered if not re.fullmatch(r"/[A-Za-z0-9_.+/-]*", path)] == []
    assert [one for one in rendered.values() if "/" not in one.media_type] == []


def test_without_an_address_nothing_gives_one() -> None:
    """Not even this machine's own name or address."""
    bodies = b"".join(one.body for one in everything(NOWHERE).values())

    assert re.findall(rb"https?://(?:localhost|127|mirror|0\.0)[^\"\s<]*", bodies) == []


def test_the_index_of_summaries_is_the_index() -> None:
    summaries = [feeds.summarise(board) for board in SPECIMENS]

    assert everything(SITE)[INDEX_PATH].body == feeds.render_index(summaries)


def test_the_sums_name_every_held_file_once_and_none_on_demand() -> None:
    names = [file.name for board in SPECIMENS for file in feeds.all_files(board)]
    lines = everything(SITE)[SUMS_PATH].body.decode().splitlines()

    assert [line.split("  ")[1] for line in lines] == sorted(names)


def test_a_site_without_an_address_makes_no_url() -> None:
    assert SITE.url("/x") == "http://mirror.lab:8080/x"
    with pytest.raises(MalformedValueError, match="set public_url"):
        NOWHERE.url("/x")


def test_lists_are_rendered_one_after_the_other() -> None:
    """All of them at once can be more than a node has memory for."""
    steps: list[str] = []

    def two(_summaries: Iterable[bytes], _site: Site) -> Iterator[tuple[str, Rendered]]:
        for path in ("/one", "/two"):
            steps.append(path)
            yield path, Rendered(path.encode())

    for path, _ in render_lists(lambda _name: (), SITE, [Dialect(name="both", combine=two)]):
        steps.append(f"{path} is held")

    assert steps == ["/one", "/one is held", "/two", "/two is held"]


def test_two_dialects_can_not_have_one_list() -> None:
    twice = [replace(BOARDS, name=name) for name in ("one", "two")]

    with pytest.raises(MalformedValueError, match=f"two dialects render {INDEX_PATH}"):
        list(render_lists(lambda _name: (), SITE, twice))


def test_what_is_large_is_written_apart_from_what_changes_with_every_board() -> None:
    assert is_own(INDEX_PATH, Rendered(b""))
    assert is_own(SUMS_PATH, Rendered(b""))
    assert is_own("/releases/tags/v1", Rendered(bytes(20_000)))
    assert not is_own("/releases/tags/v1", Rendered(bytes(10_000)))
