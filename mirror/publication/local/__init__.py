"""The local layer: what this node renders from the content tree for its own clients.

A *dialect* (`dialect`) says how the documents of one client look; `registry` names all of
them; `layer` keeps what they rendered of one board together as one blob; `rendering` puts
that into effect.  All of it is pure: the same tree and the same site give the same bytes.
"""
