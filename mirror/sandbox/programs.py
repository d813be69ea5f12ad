"""The programs that children run: the usual one, and one that reads photographs."""

from __future__ import annotations

PROGRAM = """
import gc, signal, sys
gc.disable()
# Whoever stops the daemon signals all its processes; only the daemon decides when this one ends.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
sys.path[:] = sys.argv[2:]
# CSS selectors, and guesses at codecs: nothing here uses them, and they take long to load.
for name in ("soupsieve", "cchardet", "chardet", "charset_normalizer"):
    sys.modules[name] = None
from mirror.sandbox.child import main
main()
"""
"""What a child runs; its arguments are the limit of memory and the places of modules."""

PICTURES = PROGRAM.replace(
    "from mirror.sandbox.child",
    "from mirror.sandbox import pictures\npictures.warm_up()\nfrom mirror.sandbox.child",
)
"""The same for a child that reads photographs: no other loads their decoders."""
