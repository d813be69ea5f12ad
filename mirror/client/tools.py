"""Run the programs that reach a board: found on the PATH, called with a list of words, no shell.

None of them is part of mpmirror, and none is loaded into it.  One that is not there is named,
with how to install it, before anything is written.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirror.catalog.texts import one_line
from mirror.errors import BoardError, ToolMissingError
from mirror.frozen import dataclass
from mirror.publication.flashing import Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.publication.flashing import Step

MPREMOTE: Final = "mpremote"

_MOST_OUTPUT: Final = 1 << 20
_STANDARD_ERROR: Final = 2
_NAMES: Final = {Tool.ESPTOOL.value: ("esptool", "esptool.py")}
_INSTALL: Final = {
    MPREMOTE: "pip install 'mpmirror[boards]'",
    Tool.ESPTOOL.value: "pip install esptool",
    Tool.DFU_UTIL.value: "on Debian, apt install dfu-util",
    Tool.TEENSY.value: "on Debian, apt install teensy-loader-cli",
}


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs of this machine, by the PATH of *environment*."""

    environment: Mapping[str, str]

    def find(self, name: str) -> str:
        """Return where the program *name* is; raise `ToolMissingError` with how to install it."""
        # Beside our own interpreter too: who calls us by our path has activated nothing.
        beside = str(Path(sys.executable).parent)
        path = os.pathsep.join([self.environment.get("PATH", os.defpath), beside])
        for one in _NAMES.get(name, (name,)):
            found = shutil.which(one, path=path)
            if found is not None:
                return found
        how = _INSTALL.get(name, "install it")
        raise ToolMissingError(f"{name} is needed and is not installed: {how}")

    def run(self, step: Step) -> None:
        """Run *step*, with what it writes on standard error; raise `BoardError` if it fails."""
        words = [self.find(step.words[0]), *step.words[1:]]
        try:
            ended = subprocess.run(  # noqa: S603 - a list of our own words, and no shell
                words, check=False, stdin=subprocess.DEVNULL, stdout=_STANDARD_ERROR
            )
        except OSError as error:
            raise BoardError(f"{step.words[0]} could not be run: {error.strerror}") from error
        if ended.returncode:
            raise BoardError(
                f"{step.words[0]} ended with status {ended.returncode}; it was to {step.does}"
            )

    def ask(self, name: str, arguments: Sequence[str], seconds: float) -> str:
        """Return what the program *name* writes; raise `BoardError` if it fails or takes longer."""
        try:
            ended = subprocess.run(  # noqa: S603 - as above
                [self.find(name), *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise BoardError(f"{name} got no answer within {seconds:g} s") from error
        except OSError as error:
            raise BoardError(f"{name} could not be run: {error.strerror}") from error
        text = ended.stdout[:_MOST_OUTPUT].decode(errors="replace")
        if ended.returncode:
            said = one_line(ended.stderr[-2000:].decode(errors="replace") or text, 300)
            raise BoardError(f"{name} ended with status {ended.returncode}: {said}")
        return text
