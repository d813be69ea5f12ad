"""A replica of micropython.org's download site, for tests, demonstrations and measurements.

Start with `Replica`.  Its pages have upstream's shape, its images are sound and synthetic,
and it misbehaves in every way that upstream was seen, or could be made, to misbehave.
"""

from tests.replica.answers import Slash
from tests.replica.history import ALL, Depth
from tests.replica.misbehaviour import Misbehaviour
from tests.replica.replica import NODE_HEADER, Recorded, Replica
from tests.replica.shapes import Shape
from tests.replica.site import INDEX

__all__ = [
    "ALL",
    "INDEX",
    "NODE_HEADER",
    "Depth",
    "Misbehaviour",
    "Recorded",
    "Replica",
    "Shape",
    "Slash",
]
