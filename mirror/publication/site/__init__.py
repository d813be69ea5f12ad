"""micropython.org's own pages and paths, rebuilt from facts, so that unmodified clients work.

At least six programs read these pages with regular expressions; what each of them needs is in
`board` and `index`, and held by the tests.  Upstream's HTML is never served: it has become
facts and plain text long before, and every word of that is escaped (`html`).
"""
