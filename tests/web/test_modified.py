"""The dates of files: the day of their names, and other bytes have another one."""

from __future__ import annotations

import hashlib
from email.utils import parsedate_to_datetime

import pytest

from mirror.catalog.values import Digest
from mirror.web.modified import find_modified

ONE, OTHER = (Digest(hashlib.sha256(body).hexdigest()) for body in (b"one", b"other"))


@pytest.mark.parametrize(
    "name",
    ["RPI_PICO_W-20260406-v1.28.0.uf2", "esp8266-2016-07-23-v1.8.2-39-g2dd21d9.bin"],
)
def test_it_is_a_second_of_the_day_in_the_name_told_by_the_bytes(name: str) -> None:
    dates = [find_modified(name, digest) for digest in (ONE, OTHER, ONE)]
    days = {parsedate_to_datetime(str(date)).strftime("%Y-%m-%d") for date in dates}

    assert dates[0] == dates[2] != dates[1]
    assert days <= {"2026-04-06", "2016-07-23"}
    assert len(days) == 1


def test_an_own_build_has_none() -> None:
    assert find_modified("local+RPI_PICO+lab.3.uf2", ONE) is None
