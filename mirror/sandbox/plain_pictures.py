"""Pictures that have nothing in them but the picture: the parts that `pictures.redraw` writes.

A picture that another mirror drew keeps its bytes, since the content that names them is signed.
So it is not drawn again but held against this: no metadata, comments, profiles, further frames,
and nothing behind its end.  That its pixels can be decoded is another question.
"""

from __future__ import annotations

from typing import Final, Literal

from mirror.errors import PictureRefusedError

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CHUNKS: Final = {b"IHDR", b"IDAT", b"IEND"}
_END_OF_PNG: Final = b"\0\0\0\0IEND\xaeB`\x82"
_JPEG: Final = b"\xff\xd8"
_FRAME_OF_JFIF: Final = 16
# APP0 (JFIF), quantisation tables, baseline frame, Huffman tables, start of scan.
_SEGMENTS: Final = {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
_JFIF, _SCAN = 0xE0, 0xDA


def kind_of_plain(data: bytes, url: str) -> Literal["PNG", "JPEG"]:
    """Return what *data* is; raise `PictureRefusedError` when there is more than a picture."""
    if data.startswith(_PNG):
        _refuse_other_chunks(data, url)
        return "PNG"
    if data.startswith(_JPEG):
        _refuse_other_segments(data, url)
        return "JPEG"
    raise PictureRefusedError(f"{url}: neither PNG nor JPEG")


def _refuse_other_chunks(data: bytes, url: str) -> None:
    at, kinds = len(_PNG), [b""]
    while at < len(data) and kinds[-1] != b"IEND":
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if kind not in _CHUNKS:
            raise PictureRefusedError(f"{url}: a PNG with a part {kind!r}, which no mirror draws")
        kinds.append(kind)
        at += 12 + size
    body = kinds[2:-1]
    whole = at == len(data) and kinds[1:2] == [b"IHDR"] and kinds[-1:] == [b"IEND"]
    if not whole or not body or set(body) != {b"IDAT"} or not data.endswith(_END_OF_PNG):
        raise PictureRefusedError(f"{url}: a PNG that does not end where its picture does")


def _refuse_other_segments(data: bytes, url: str) -> None:
    at, kind = len(_JPEG), 0
    while kind != _SCAN:
        kind, size = int.from_bytes(data[at + 1 : at + 2]), int.from_bytes(data[at + 2 : at + 4])
        if data[at : at + 1] != b"\xff" or kind not in _SEGMENTS:
            raise PictureRefusedError(f"{url}: a JPEG with a part {kind:#x}, which no mirror draws")
        if kind == _JFIF and (size != _FRAME_OF_JFIF or at != len(_JPEG)):
            raise PictureRefusedError(f"{url}: a JPEG with more than a head in its head")
        at += 2 + size
    end = data.find(b"\xff\xd9", at)
    # Within the scan 0xff stands only before 0: no mark of any other part is in it.
    marks = data.count(b"\xff", at) - data.count(b"\xff\x00", at)
    if end != len(data) - 2 or marks != 1:
        raise PictureRefusedError(f"{url}: a JPEG that does not end where its picture does")
