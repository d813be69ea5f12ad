"""Memory that one thread has freed is of use to all."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import re, threading
from pathlib import Path
from mirror.daemon.memory import share_memory_among_threads
share_memory_among_threads()
gate = threading.Barrier(6)
def work():
    gate.wait()
    blocks = [bytearray(100_000) for _ in range(50)]
    gate.wait()
threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
# An arena of glibc for a further thread is a mapping of 64 MiB, most of it out of reach.
mapped = Path("/proc/self/maps").read_text()
spans = [[int(end, 16) for end in line.split()[0].split("-")] for line in mapped.splitlines()
         if "---p" in line]
print(sum(end - start > 32 << 20 for start, end in spans))
"""


def test_no_thread_gets_memory_of_its_own() -> None:
    """Counted by what the C library maps for the threads of a new process."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )

    assert ended.stdout == "0\n"
