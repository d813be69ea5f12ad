"""Hypothesis strategies for the words of the catalog."""

from __future__ import annotations

from hypothesis import strategies as st

from mirror.catalog.kinds import Kind

_numbers = st.integers(min_value=0, max_value=1200)
_hashes = st.text("0123456789abcdef", min_size=7, max_size=12)
_words = st.from_regex(r"[A-Za-z0-9_]{1,12}", fullmatch=True)

bases = st.lists(_numbers, min_size=2, max_size=4).map(lambda parts: ".".join(map(str, parts)))

releases = bases.map("v{}".format)
previews = st.builds("v{}-preview.{}.g{}".format, bases, _numbers, _hashes)
dailies = st.builds("v{}-{}-g{}".format, bases, _numbers, _hashes)
version_texts = st.builds(
    "{}{}".format,
    st.one_of(releases, bases.map("v{}-preview".format), previews, dailies),
    st.sampled_from(["", "", "", ".dirty", "-dirty"]),
)
"""Every form of a version that upstream has used."""

_dates = st.dates().filter(lambda day: 2000 <= day.year < 2100)
_date_texts = st.one_of(_dates.map("{:%Y%m%d}".format), _dates.map("{:%Y-%m-%d}".format))

name_texts = st.builds(
    "{}-{}{}-{}.{}".format,
    st.lists(_words, min_size=1, max_size=3).map("-".join),
    _date_texts,
    st.sampled_from(["", "-unstable"]),
    version_texts,
    st.sampled_from([kind.value for kind in Kind]),
)
"""Every form of a file name that upstream has used."""
