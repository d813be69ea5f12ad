"""How the pages look: one small sheet inside each, so that a page is one file."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--edge:#8886;--dim:#777;--link:#0b57a4}
@media(prefers-color-scheme:dark){:root{--link:#8ab8f0;--dim:#aaa}}
body{font:16px/1.5 system-ui,sans-serif;max-width:66rem;margin:0 auto;padding:0 1rem 3rem}
a{color:var(--link)}
header,footer{color:var(--dim);padding:.8rem 0;font-size:.9rem}
h1,h2{line-height:1.2}
h2{margin:2rem 0 .6rem;border-bottom:1px solid var(--edge);padding-bottom:.2rem}
h3{margin:1.2rem 0 .4rem}
.outward::after{content:" \\2197";font-size:.8em}
.build{margin:.15rem 0}
.build small{display:block;margin-left:1.5rem;color:#b35900}
.preview-note,.none{color:var(--dim)}
pre{overflow-x:auto;padding:.7rem;border:1px solid var(--edge);border-radius:4px}
.filters{font-size:.9rem}
.filter-name{font-weight:bold}
.boards{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.7rem}
.board-card{display:block;border:1px solid var(--edge);border-radius:4px;padding:.7rem}
.board-card{text-decoration:none;overflow-wrap:anywhere}
.board-image img{width:100%;height:9rem;object-fit:contain;border-radius:3px;background:#fff}
.hero{max-width:100%;height:auto;max-height:22rem;border-radius:4px}
.board-product{font-weight:bold}
.board-vendor{color:var(--dim);font-size:.9rem}
""".strip()
