"""Read a document of another mirror's packages or photographs: foreign input, like its boards."""

from __future__ import annotations

from typing import Final

from mirror.errors import MalformedValueError
from mirror.publication.foreign import decoded
from mirror.publication.packages import PACKAGE, PackageDocument, decode_package
from mirror.publication.subtrees import Named, names_in, type_of

_MOST_NAMED: Final = 200_000
_LONGEST_TEXT: Final = 2000


def read_subtree(data: bytes, url: str) -> Named:
    """Return what the document found at *url* names; raise `DocumentRefusedError`.

    Refused is what no mirror would have written: a key twice, a text that is not on one line.
    """
    return decoded(_named, data, url)


def _named(data: bytes) -> Named:
    named = names_in(data)
    if len(named.documents) + len(named.files) > _MOST_NAMED:
        raise MalformedValueError(f"it names more than {_MOST_NAMED} documents and files")
    if type_of(data) == PACKAGE:
        _refuse_odd_text(decode_package(data))
    return named


def _refuse_odd_text(package: PackageDocument) -> None:
    entry = package.entry
    for text in (entry.author, entry.description, entry.license, entry.path):
        if len(text) > _LONGEST_TEXT or not text.isprintable():
            raise MalformedValueError(f"a text that no index gives: {text[:80]!r}")
