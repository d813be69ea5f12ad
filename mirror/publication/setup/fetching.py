"""The guides of what fetches single files: curl and its like, and `mpmirror` itself.

Both end with a flashed board, and their lines are typed by the tests as they stand.
"""

from __future__ import annotations

import shlex
from typing import Final

from mirror.publication.setup.model import Guide, Lines, Place, Reach, Step, System, Way
from mirror.publication.setup.steps import ask_url, both, powershell, shell

# An example that most rooms have.
_BOARD: Final = "RPI_PICO_W"


def curl_guide(place: Place) -> Guide:
    """Return the guide for curl, wget and aria2."""
    file = shlex.quote(f"{place.base}/resources/firmware/NAME.uf2")
    own = Way(
        "By the address",
        Reach.PROGRAM,
        (
            Step(
                f"Fetch the newest release of a board ({_BOARD} here) under its own name, and"
                " check it.",
                _fetch_newest(place),
            ),
            Step(
                "Put the board into its update mode (a Pico: hold BOOTSEL while you plug it in),"
                " and copy the file onto its volume.",
                (
                    shell(f'cp {_BOARD}-*.uf2 "/media/$USER/RPI-RP2/"', system=System.LINUX),
                    shell(f"cp -X {_BOARD}-*.uf2 /Volumes/RPI-RP2/", system=System.MACOS),
                    powershell(
                        f'Copy-Item {_BOARD}-*.uf2 "$((Get-Volume -FileSystemLabel'
                        ' RPI-RP2).DriveLetter):\\"'
                    ),
                ),
            ),
            Step(
                "Any other file by its name: what broke off goes on where it was; the same with"
                " wget, or with aria2 in several parts.",
                (shell(f"curl -f -C - -O {file}", f"wget -c {file}", f"aria2c -x 4 {file}"),),
            ),
        ),
        (Step("This answers alive.", ask_url(f"{place.base}/healthz")),),
        (Step("There is nothing to undo."),),
    )
    return Guide(
        "curl",
        "curl, wget, aria2",
        "Fetch any file, with its SHA-256 beside it.",
        (own,),
        (f"The feed, {place.base}/v1/feed.json, names every file, its digest and where to flash.",),
    )


def own_guide(place: Place) -> Guide:
    """Return the guide for `mpmirror get` and `mpmirror flash`."""
    where = f"{_BOARD} --from {shlex.quote(place.base)}"
    own = Way(
        "By an option, without any certificate",
        Reach.PROGRAM,
        (
            Step(
                f"Get the newest release of a board ({_BOARD} here): it is verified on this"
                " machine too, and the command that flashes it is shown.",
                both(f"mpmirror get {where}"),
            ),
            Step(
                "Or put the board into its update mode and flash it right away; afterwards the"
                " board is asked what it runs.",
                both(f"mpmirror flash {where}"),
            ),
        ),
        (Step("This answers alive.", ask_url(f"{place.base}/healthz")),),
        (
            Step(
                "Remove what it remembers of mirrors, and the files that it flashed.",
                (
                    shell('rm -rf "$HOME/.local/state/mpmirror" "$HOME/.cache/mpmirror"'),
                    powershell(
                        'Remove-Item -Recurse "$HOME/.local/state/mpmirror",'
                        ' "$HOME/.cache/mpmirror" -ErrorAction SilentlyContinue'
                    ),
                ),
            ),
        ),
    )
    return Guide(
        "mpmirror",
        "mpmirror itself",
        "Gets files that it verifies again, flashes boards, and says which are outdated.",
        (own,),
        (
            "It needs no settings: pip install 'mpmirror[boards]' has all of it.",
            "`mpmirror outdated --from …` asks the boards on USB which version they run.",
        ),
    )


def _fetch_newest(place: Place) -> tuple[Lines, ...]:
    sums = f"{place.base}/resources/firmware/SHA256SUMS"
    newest = f"{place.base}/download/{_BOARD}/{_BOARD}-latest.uf2"
    fetch = (f"curl -fsSO {shlex.quote(sums)}", f"curl -fsSOJ {shlex.quote(newest)}")
    return (
        shell(*fetch, "sha256sum -c --ignore-missing SHA256SUMS", system=System.LINUX),
        shell(*fetch, "shasum -a 256 -c --ignore-missing SHA256SUMS", system=System.MACOS),
        powershell(
            f"curl.exe -fsSO '{sums}'",
            f"curl.exe -fsSOJ '{newest}'",
            f"$f = Get-Item {_BOARD}-*.uf2",
            "Select-String SHA256SUMS -SimpleMatch -Pattern"
            ' "$((Get-FileHash $f).Hash.ToLower())  $($f.Name)"',
        ),
    )
