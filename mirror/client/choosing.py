"""Which file of a board somebody means, who says little: the newest release, as it is flashed.

What is chosen is told by name, so that nothing is flashed that nobody looked at; where a wish
fits nothing, the error says what there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.versions import Version
from mirror.errors import ArtifactNotFoundError, MalformedValueError
from mirror.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mirror.publication.offered import OfferedBoard, OfferedFile

# What a board is flashed with as it is sold, where that is not the first kind of all: most
# boards with an ESP32-S2 or -S3 have no UF2 boot loader, and Teensys have PJRC's.
_BY_PORT: Final = {"esp32": Kind.BIN}
_BY_BOARD: Final = {"TEENSY40": Kind.HEX, "TEENSY41": Kind.HEX}
_ORDER: Final = tuple(Kind)
_TOLD: Final = 12


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for.  None: the default build; the newest; a release; as it is flashed.

    A *version* without its ``v`` is understood.
    """

    variant: str | None = None
    version: str | None = None
    maturity: Maturity | None = None
    kind: Kind | None = None


def choose(board: OfferedBoard, wish: Wish) -> OfferedFile:
    """Return the file of *board* that *wish* means; raise `ArtifactNotFoundError`.

    An own build of the operator is meant only where nothing of upstream's fits.
    """
    fitting = _fitting(board.files, wish)
    if not fitting:
        raise ArtifactNotFoundError(_nothing(board, wish))
    first = fitting[0]
    of_one_version = (
        one for one in fitting if (one.version, one.own) == (first.version, first.own)
    )
    return min(of_one_version, key=lambda one: _rank(board, one.kind))


def newest(board: OfferedBoard, variant: str | None, maturity: Maturity) -> OfferedFile | None:
    """Return the newest file of upstream's of *variant* and *maturity*, None if none is held."""
    fitting = _fitting(board.files, Wish(variant=variant, maturity=maturity))
    return next((one for one in fitting if not one.own), None)


def _fitting(files: Iterable[OfferedFile], wish: Wish) -> list[OfferedFile]:
    tests = _tests(wish)
    fitting = [one for one in files if all(test(one) for test in tests)]
    # The document has the newest first, and what is on nobody's page last.
    return sorted(fitting, key=lambda one: one.own)


def _tests(wish: Wish) -> Sequence[Callable[[OfferedFile], bool]]:
    tests: list[Callable[[OfferedFile], bool]] = [
        lambda one: one.variant == wish.variant,
        lambda one: one.kind is wish.kind if wish.kind else one.kind.flashable,
    ]
    if wish.version is not None:
        version = wish.version
        tests.append(lambda one: _is_version(one.version, version))
    else:
        # Who names a version means it, hidden or not; nobody is led to a hidden one.
        tests.append(lambda one: not one.hidden)
    if wish.maturity is not None or wish.version is None:
        maturity = wish.maturity or Maturity.RELEASE
        tests.append(lambda one: one.maturity is maturity)
    return tests


def _is_version(text: str, wanted: str) -> bool:
    if text in {wanted, f"v{wanted}"}:
        return True
    try:
        version = Version.parse(wanted if wanted.startswith("v") else f"v{wanted}")
        return Version.parse(text).same_build(version)
    except MalformedValueError:
        return False


def _rank(board: OfferedBoard, kind: Kind) -> int:
    facts = board.facts
    first = _BY_BOARD.get(facts.board) or _BY_PORT.get(facts.port or "")
    return -1 if kind is first else _ORDER.index(kind)


def _nothing(board: OfferedBoard, wish: Wish) -> str:
    words = [
        f"variant {wish.variant}" if wish.variant else "the default build",
        f"version {wish.version}" if wish.version else f"a {wish.maturity or Maturity.RELEASE}",
        *([f"kind {wish.kind}"] if wish.kind else []),
    ]
    said = f"{board.facts.board}: nothing that is held fits ({', '.join(words)})"
    held = dict.fromkeys(
        f"{one.version}{f' {one.variant}' if one.variant else ''} .{one.kind}"
        for one in board.files
    )
    if board.on_demand:
        said += (
            f"; {len(board.on_demand)} files are on demand, whose digests no publication names: "
            "have the mirror hold what is wanted (mpmirror pin)"
        )
    if not held:
        return f"{said}; of this board nothing is held"
    more = f" and {len(held) - _TOLD} more" if len(held) > _TOLD else ""
    return f"{said}; there is {', '.join(list(held)[:_TOLD])}{more}"
