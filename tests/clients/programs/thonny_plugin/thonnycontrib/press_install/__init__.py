"""A plug-in for Thonny that does with its own dialog what a person would, and ends Thonny.

It opens the dialog that installs MicroPython onto a UF2 volume, takes the family, variant and
version that ``WANTED`` names in the environment (or the first of each), presses *Install*, and
waits for "Done".  What it did is written to the file that ``TOLD`` names.
"""

import json
import os

from thonny import get_workbench
from thonny.plugins.micropython.uf2dialog import Uf2FlashingDialog
from thonny.ui_utils import show_dialog

_WANTED = os.environ["WANTED"].split("|")
_MOMENT = 300


def load_plugin():
    """Begin when Thonny's window is there."""
    bench = get_workbench()
    bench.bind("WorkbenchReady", lambda event=None: bench.after(500, _install), True)


def _install():
    bench = get_workbench()
    dialog = Uf2FlashingDialog(bench, "MicroPython")
    combos = [dialog._family_combo, dialog._variant_combo, dialog._version_combo]
    chosen = []

    def poll():
        if len(chosen) < len(combos):
            _choose(combos[len(chosen)], chosen)
        elif dialog._state == "done":
            with open(os.environ["TOLD"], "w", encoding="utf-8") as file:
                json.dump(chosen, file)
            os._exit(0)
        elif dialog.is_ready_for_work():
            dialog._ok_button.invoke()
        bench.after(_MOMENT, poll)

    bench.after(_MOMENT, poll)
    show_dialog(dialog)


def _choose(combo, chosen):
    """Select what is wanted as soon as the combo box has anything."""
    if not combo.mapping:
        return
    wanted = _WANTED[len(chosen)]
    word = next(word for word, value in combo.mapping.items() if value and wanted in word)
    combo.select_value(combo.mapping[word])
    chosen.append(word)
