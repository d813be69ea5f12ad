"""An upstream whose name leads where it must not: refused by name, before any connection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirror.sync.outcome import Ending
from mirror.upstream.fetch import Surroundings
from tests.proofs.words import is_one_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.upstream.addresses import Resolve
    from tests.proofs.conftest import Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED = {
    "10.0.0.1": "a private address",
    "127.0.0.1": "a loopback address",
    "169.254.169.254": "a link-local address",
    "::1": "a loopback address",
    "fd00::1": "a private address",
}


def always(address: str) -> Resolve:
    """Return a resolver that knows one answer."""

    async def resolve(_host: str, _listen: int) -> Sequence[str]:
        return [address]

    return resolve


@pytest.mark.parametrize(("address", "kind"), REFUSED.items())
async def test_a_name_that_resolves_to_such_an_address_is_refused(
    scene: Scene, address: str, kind: str
) -> None:
    """The sentence has the name, the address and its kind; what is held is served."""
    name = scene.release()
    asked = len(scene.replica.requests)
    listen = scene.node.upstream.rpartition(":")[2]
    lured = replace(
        scene.node,
        upstream=f"http://upstream.example:{listen}",
        surroundings=Surroundings(resolve=always(address)),
    )
    outcome = await lured.sync()
    meanwhile = await scene.node.walked()
    mended = await scene.node.sync()
    after = await scene.node.walked()

    assert f"upstream.example resolves to {address}, {kind}" in outcome.message
    assert is_one_sentence(outcome.message)
    assert (outcome.ending, outcome.exit_status) == (Ending.REFUSED, 4)
    assert meanwhile == scene.before
    assert mended.exit_status == 0
    assert scene.replica.requests[asked].headers["Host"] in scene.node.upstream
    assert after.files == scene.with_new(name)


async def test_a_mirror_is_never_taken_for_its_own_upstream(scene: Scene) -> None:
    """The answer carries our own node id: that is said, and nothing is changed."""
    async with scene.node.served() as client:
        itself = replace(scene.node, upstream=f"http://127.0.0.1:{client.number}")
        outcome = await itself.sync()
    meanwhile = await scene.node.walked()
    mended = await scene.node.sync()

    assert outcome.message == (f"{itself.upstream}/download/: upstream is this mirror; check DNS")
    assert (outcome.ending, outcome.exit_status) == (Ending.REFUSED, 4)
    assert meanwhile == scene.before
    assert mended.exit_status == 0
