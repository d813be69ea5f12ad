"""The verdict in words: the same sentence in the feed, the log and on every page."""

from __future__ import annotations

from typing import Final

from mirror.catalog.origins import LOCAL, is_adopted
from mirror.formats.verdict import Checksummed, Conclusion, Verdict
from mirror.publication.documents import VerdictEntry

_CHECKED: Final = {
    Checksummed.SHA256: "structure and SHA-256 inside checked",
    Checksummed.CRC32: "structure and CRC-32 inside checked",
    Checksummed.MD5: "structure and MD5 inside checked",
    Checksummed.XOR: "structure and record sums inside checked",
    Checksummed.NONE: (
        "structure checked, no checksum inside: damage in the content can not be noticed"
    ),
}


def verdict_entry(verdict: Verdict, source: str) -> VerdictEntry:
    """Return *verdict* on a file from *source* as documents have it."""
    return VerdictEntry(
        conclusion=verdict.conclusion,
        words=verdict_words(verdict, source),
        checksummed=verdict.checksummed,
        structure=verdict.facts.structure if verdict.facts else None,
        reasons=verdict.reasons,
        identity=verdict.identity,
        limits=verdict.limits,
        agrees_with=verdict.agrees_with,
        differs_from=verdict.differs_from,
    )


def verdict_words(verdict: Verdict, source: str) -> str:
    """Say what was checked of a file fetched from *source*, and what that can not mean."""
    if not verdict.accepted:
        return checked_words(verdict)
    return f"{checked_words(verdict)}; origin: {origin_words(source)}"


def checked_words(verdict: Verdict) -> str:
    """Say what was checked of a file, or why it is refused, wherever it came from."""
    reasons = "; ".join(reason.text for reason in verdict.reasons)
    if not verdict.accepted:
        return f"refused: {reasons}"
    checked = _checked(verdict)
    warned = verdict.conclusion is Conclusion.WARNED
    return f"{checked}; warned: {reasons}" if warned else checked


def _checked(verdict: Verdict) -> str:
    checked = _CHECKED[verdict.checksummed]
    if not verdict.agrees_with:
        return checked
    if verdict.checksummed is Checksummed.NONE:
        checked = "structure checked, no checksum inside"
    return f"{checked}; the same program as {' and '.join(verdict.agrees_with)} of this build"


def origin_words(source: str) -> str:
    """Say how *source* vouches for its bytes: over TLS for the way, never for the maker."""
    if source == LOCAL:
        return "an own build, added by an operator, not of MicroPython"
    if is_adopted(source):
        return "adopted from an operator's folder, not fetched, not signed by MicroPython"
    if source.startswith("https:"):
        return "fetched over TLS, not signed by MicroPython"
    return "fetched without TLS, not signed by MicroPython"
