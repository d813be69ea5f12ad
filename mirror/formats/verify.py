"""The verdict on the bytes of one file: structure, checksums and identity.

For any bytes up to `MOST_BYTES` a verdict comes back, never an exception, in bounded time
and memory; larger files are refused unread.  A verdict rests on the bytes and the claim
alone, so that the same input always gives the same verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import MalformedImageError
from mirror.formats.agreement import compare
from mirror.formats.detect import detect
from mirror.formats.verdict import Conclusion, Finding, Verdict

if TYPE_CHECKING:
    from mirror.formats.agreement import Agreement
    from mirror.formats.image import Image
    from mirror.formats.verdict import Claim

MOST_BYTES = 64 << 20

_NO_VARIANT = "an image does not tell which variant of its board it is"
_NO_MACHINE = "the image names no board"
_NO_CLAIM = "no version was claimed: what the image says of itself was compared with nothing"


def verify(data: bytes, claim: Claim) -> Verdict:
    """Judge *data* by its content, and by *claim* as far as it claims anything.

    *Refused* names every reason that was found; *warned* likewise; *verified* has none.
    """
    try:
        image = _read(data, claim.kind)
    except MalformedImageError as error:
        return Verdict(Conclusion.REFUSED, reasons=(Finding(error.rule, str(error)),))
    agreement = compare(image, claim)
    return Verdict(
        conclusion=_conclude(agreement),
        checksummed=image.checksummed,
        reasons=agreement.refused + agreement.warned,
        facts=image.facts,
        identity=image.identity,
        limits=image.limits + _limits(image, claim),
    )


def _read(data: bytes, kind: str | None) -> Image:
    if len(data) > MOST_BYTES:
        raise MalformedImageError(
            f"{len(data)} bytes, more than the {MOST_BYTES} of any image", rule="too-large"
        )
    structure = detect(data)
    # A file of another kind is refused for that, not for what is broken inside it.
    if kind is not None and kind not in structure.kinds:
        raise MalformedImageError(
            f"the content is {structure.name}, the name says {kind}", rule="kind"
        )
    return structure.read(data)


def _conclude(agreement: Agreement) -> Conclusion:
    if agreement.refused:
        return Conclusion.REFUSED
    return Conclusion.WARNED if agreement.warned else Conclusion.VERIFIED


def _limits(image: Image, claim: Claim) -> tuple[str, ...]:
    if not image.speaks:
        return ()
    limits = [_NO_VARIANT]
    if not image.identity.machines:
        limits.append(_NO_MACHINE)
    if claim.base is None and claim.version is None:
        limits.append(_NO_CLAIM)
    return tuple(limits)
