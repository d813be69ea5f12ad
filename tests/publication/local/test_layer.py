"""A layer gives back what was put into it, and nothing else is taken for one."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.catalog.values import Digest
from mirror.errors import ForeignDataError, MalformedValueError
from mirror.publication.local.dialect import HTML, JSON, Rendered
from mirror.publication.local.layer import Layer, encode_layer

PATHS = st.from_regex(r"/[a-z0-9/._-]{1,40}", fullmatch=True)
RENDERED = st.builds(Rendered, st.binary(max_size=200), st.sampled_from([HTML, JSON]))
DOCUMENTS = st.dictionaries(PATHS, RENDERED, max_size=6)
SUMMARIES = st.dictionaries(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.binary(max_size=99))


@given(DOCUMENTS, SUMMARIES)
def test_what_is_put_into_a_layer_is_read_out_of_it(
    documents: dict[str, Rendered], summaries: dict[str, bytes]
) -> None:
    layer = Layer.decode(encode_layer("RPI_PICO", documents, summaries))
    places = layer.head.documents

    assert layer.head.board == "RPI_PICO"
    assert {path: Rendered(layer.body(at), at.media_type) for path, at in places.items()} == (
        documents
    )
    assert {name: layer.summary(name) for name in layer.head.summaries} == summaries
    assert all(Digest.of(layer.body(at)) == at.digest for at in places.values())


@given(DOCUMENTS, SUMMARIES)
def test_the_order_in_which_documents_were_rendered_does_not_change_a_layer(
    documents: dict[str, Rendered], summaries: dict[str, bytes]
) -> None:
    turned = dict(reversed(documents.items())), dict(reversed(summaries.items()))

    assert encode_layer("X", documents, summaries) == encode_layer("X", *turned)


@given(DOCUMENTS, SUMMARIES, st.data())
def test_a_layer_that_is_cut_short_is_refused(
    documents: dict[str, Rendered], summaries: dict[str, bytes], data: st.DataObject
) -> None:
    layer = encode_layer("X", documents, summaries)
    size = data.draw(st.integers(0, len(layer) - 1))
    # Without bodies only the end of the line can be missing, which says nothing.
    if size == len(layer) - 1 and layer.endswith(b"}\n"):
        return
    with pytest.raises(MalformedValueError):
        Layer.decode(layer[:size])


@given(st.binary())
def test_any_bytes_are_a_layer_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedValueError, ForeignDataError):
        Layer.decode(data)


@pytest.mark.parametrize(
    "head",
    [
        b'{"board":"X","type":"mpmirror.board"}',
        b'{"board":"X","documents":{"/x":{"start":-1,"size":1,"media_type":"a","digest":""}}}',
        b'{"board":"X","summaries":{"x":{"start":1000000000000,"size":1}}}',
        b'{"documents":{}}',
        b"[]",
    ],
)
def test_a_head_that_nobody_wrote_is_refused(head: bytes) -> None:
    with pytest.raises(MalformedValueError):
        Layer.decode(head + b"\n")


@pytest.mark.parametrize("head", [b'{"board":"X","format":2}', b'{"board":"X","critical":["y"]}'])
def test_a_layer_of_a_newer_mpmirror_is_refused_as_such(head: bytes) -> None:
    with pytest.raises(ForeignDataError, match="newer mpmirror"):
        Layer.decode(head + b"\n")
