"""Draw an address as a QR code, for whoever has the page on one device and needs it on another."""

from __future__ import annotations

import io

from mirror.publication.pages import more_texts
from mirror.publication.site.html import Markup, tag


def qr_code(url: str) -> Markup:
    """Return the QR code of *url* as SVG, dark on light in every theme."""
    # Here, because most pages have none.
    import segno  # noqa: PLC0415 - see above

    out = io.BytesIO()
    code = segno.make(url, error="m", micro=False)
    # Without a size of its own it takes that of its place; four modules of light around it.
    code.save(
        out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=4, light="#fff", nl=False
    )
    return tag(
        "div", Markup(out.getvalue().decode()), class_="qr", role="img", aria_label=more_texts.QR
    )
