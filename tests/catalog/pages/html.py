"""Pages in the shape of upstream's, small enough to see what a test changes on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

URL = "https://micropython.org/download/NICE_BOARD/"
INDEX_URL = "https://micropython.org/download/"
FIRMWARE = "/resources/firmware/"
SOURCE = "https://github.com/micropython/micropython/tree/master/ports/esp32/boards/"
NOTES = "https://github.com/micropython/micropython/releases/tag/"

HEAD = f"""
<h2> Nice / Board </h2>
<img src="https://micropython.org/resources/micropython-media/boards/NICE_BOARD/nice.jpg" class="x">
<div>
<strong>Vendor:</strong> Nice &amp; Co
</div>
<div>
<strong>Features:</strong> BLE, External Flash, WiFi
</div>
<div>
    <strong>Source on GitHub:</strong> <a href="{SOURCE}NICE_BOARD">esp32/NICE_BOARD</a>
</div>
<div>
<strong>More info:</strong> <a href="https://example.org/nice?a=1&amp;b=2">Website</a>
</div>
"""

TEXT = """
<p>A board for
<em>nice</em> people.</p>
<ul>
<li>It is <strong>red</strong>.</li>
<li><p>It is small.</p></li>
</ul>
<h2>Installation instructions</h2>
<p>Use esptool, found <a href="https://example.org/esptool/">here</a>.</p>
<h3>Flashing</h3>
<pre><code class="language-bash">esptool.py erase_flash
esptool.py --baud 460800 write_flash 0x1000 BOARD-DATE-VERSION.bin
</code></pre>
"""

FOOTER = """
<!--
<img src="https://micropython.org/resources/micropython-media/boards/NICE_BOARD/hidden.jpg">
<a href="/resources/firmware/NICE_BOARD-20200101-v1.0.bin">hidden</a>
-->
<footer><h3>Resources</h3><ul><li><a href="irc://freenode/micropython">IRC</a></li></ul>
<a href="http://example.com/elsewhere">elsewhere</a></footer>
"""


def page(content: str) -> bytes:
    """Return a whole page around *content*."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head><title>MicroPython - Python for microcontrollers</title></head>
<body>
<nav><a href='http://micropython.org'>MicroPython</a><a href="/download">DOWNLOAD</a></nav>
{content}
</body>
</html>
""".encode()


def link(href: str, text: str = "a file") -> str:
    """Return an ``<a>`` to *href*, which is put in as it is."""
    return f'<a href="{href}">{text}</a>'


def build(*names: str, notes: str | None = None) -> str:
    """Return the ``<div>`` of one build, its files first and its release notes last."""
    links = [link(FIRMWARE + name) for name in names]
    return f"<div>\n{' / '.join(links + ([link(NOTES + notes)] if notes else []))}\n</div>"


def section(*builds: str, title: str = "Firmware", lists: str = "Releases") -> str:
    """Return one variant's section as the site's template writes it, headings inside ``<p>``."""
    return f"<p>\n<h2>{title}</h2>\n<h3>{lists}</h3>\n{''.join(builds)}\n</p>\n"


def board_page(*sections: str, head: str = HEAD, text: str = TEXT) -> bytes:
    """Return the whole page of NICE_BOARD."""
    return page(head + text + "".join(sections) + FOOTER)


def card(board: str, product: str = "Nice", vendor: str = "Nice Co") -> str:
    """Return a card of the index page with a photograph."""
    photograph = f"https://micropython.org/resources/micropython-media/boards/{board}/a.thumb.jpg"
    return f"""<a class="board-card" href="{board}">
<div class="board-image"><img src="{photograph}"></div>
<div class="board-product">{product}</div>
<div class="board-vendor">{vendor}</div>
</a>"""


def facet(name: str, values: Sequence[str]) -> str:
    """Return the links of one facet, such as ``port``."""
    links = (f'<a href="?{name}={value}" class="filter-option">{value}</a>' for value in values)
    return f'<span class="filter-name">{name}:</span> {", ".join(links)}<br>'


def index_page(*cards: str, facets: str = "") -> bytes:
    """Return a whole index page."""
    return page(f"<h1> MicroPython downloads </h1><p>Filter by:<br>{facets}</p>{''.join(cards)}")
