"""The text of a board page: a few words on the board, and how to flash it.

Ours, not upstream's; but with upstream's habits: Markdown rendered to HTML, headings that
are no firmware headings, links that are no firmware, commands in ``<pre>``, and the flash
offset of an Espressif chip, which stands nowhere else on the page.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.replica.facts import BoardFact

_ESPTOOL_PORTS: Final = {"esp32", "esp8266"}
_UF2_PORTS: Final = {"rp2", "samd", "mimxrt"}


def board_text(fact: BoardFact) -> str:
    """Return the text between the head of *fact*'s page and its firmware."""
    parts = [f"\n<p>Firmware for boards of the kind {fact.board}.</p>\n", _variants(fact)]
    parts += ["<h2>Installation instructions</h2>\n", _instructions(fact)]
    return "".join(parts)


def _variants(fact: BoardFact) -> str:
    labels = [html.escape(section.label, quote=False) for section in fact.sections if section.label]
    if not labels:
        return ""
    items = "".join(
        f"<li>Look for the heading <strong>{label}</strong>.</li>\n" for label in labels
    )
    return f"<p>There are variants of it:</p>\n<ul>\n{items}</ul>\n"


def _instructions(fact: BoardFact) -> str:
    if fact.port in _ESPTOOL_PORTS:
        return _ESPTOOL.format(chip=fact.mcu.upper(), offset=fact.flash_offset or "0")
    if fact.port in _UF2_PORTS:
        return _BOOT_LOADER
    return _DFU if fact.port == "stm32" else _OTHER


_ESPTOOL: Final = """\
<p>Use <a href="https://docs.espressif.com/projects/esptool/en/latest/">esptool</a>. Here
<code>PORTNAME</code> stands for the serial port of your board.</p>
<h3>Erasing</h3>
<p>Before the first time, erase all of the flash:</p>
<pre><code class="language-bash">esptool.py --port PORTNAME erase_flash
</code></pre>
<h3>Flashing</h3>
<p>Then write the firmware of your {chip}, at {offset}:</p>
<pre><code class="language-bash">esptool.py --baud 460800 write_flash {offset} BOARD-VERSION.bin
</code></pre>
<ul>
<li>On Linux the port is something like <code>/dev/ttyUSB0</code>.</li>
<li>On Windows it is something like <code>COM4</code>.</li>
</ul>
<h3>Troubleshooting</h3>
<p><em>When it fails half-way</em>: leave out <code>--baud 460800</code>.</p>
"""
_BOOT_LOADER: Final = """\
<h3>Flashing via UF2 boot loader</h3>
<p>Hold the button while you plug the board in, or press reset twice; then copy the
<code>.uf2</code> file to the drive that appears.</p>
"""
_DFU: Final = """\
<h3>DFU update</h3>
<p>Connect the boot pin, press reset, then:</p>
<pre><code class="language-bash">dfu-util --alt 0 -D BOARD-DATE-VERSION.dfu
</code></pre>
"""
_OTHER: Final = """\
<p>Follow the <a href="/download">instructions of the maker</a> of the board.</p>
"""
