"""Say what esptool, as a library, finds in ESP images: run by the Python of its environment.

Arguments: one JSON list of [path, chip, offset].  Prints one JSON object a line: the path, and
of each slice whether the stored checksum and digest are those that esptool computes; it does
not raise by itself when they differ.
"""

import json
import struct
import sys
import tempfile

from esptool.bin_image import LoadFirmwareImage

_TABLE = 0x8000  # esp-idf: CONFIG_PARTITION_TABLE_OFFSET, as MicroPython leaves it
_ENTRY = struct.Struct("<HBBLL16sL")
_MAGIC = 0x50AA
_APP = 0


def slices(data, chip, offset):
    """Give the name and the bytes of each image inside *data*."""
    if chip == "esp8266" or offset is None:
        yield "application", data
        return
    yield "bootloader", data[: _TABLE - offset]
    table = data[_TABLE - offset :]
    while True:
        magic, kind, _, start, _, _, _ = _ENTRY.unpack_from(table)
        table = table[_ENTRY.size :]
        if magic != _MAGIC:
            return
        if kind == _APP and start - offset < len(data):
            yield "application", data[start - offset :]
            return


def judge(chip, data):
    """Load one image and compare what it carries with what it should."""
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(data)
        file.flush()
        image = LoadFirmwareImage(chip, file.name)
    found = {"checksum": image.checksum == image.calculate_checksum()}
    if getattr(image, "append_digest", False):
        found["digest"] = image.stored_digest == image.calc_digest
    return found


for path, chip, offset in json.loads(sys.argv[1]):
    with open(path, "rb") as file:
        content = file.read()
    try:
        result = {name: judge(chip, data) for name, data in slices(content, chip, offset)}
    except Exception as error:
        result = {"error": str(error)}
    print(json.dumps({"path": path, "slices": result}))
