"""All dialects that a publication is rendered in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.publication.dialects.arduino import ARDUINO
from mirror.publication.dialects.esp_web_tools import ESP_WEB_TOOLS
from mirror.publication.dialects.github import GITHUB
from mirror.publication.dialects.news import NEWS
from mirror.publication.dialects.ota import OTA
from mirror.publication.dialects.sums import FOLDER_SUMS
from mirror.publication.dialects.thonny import THONNY
from mirror.publication.local.boards import BOARDS
from mirror.publication.local.sums import SUMS
from mirror.publication.site.dialect import SITE

if TYPE_CHECKING:
    from mirror.publication.local.dialect import Dialect

#: A new dialect takes its place here; its paths are its own.
DIALECTS: Final[tuple[Dialect, ...]] = (
    BOARDS,
    SUMS,
    SITE,
    THONNY,
    GITHUB,
    ESP_WEB_TOOLS,
    OTA,
    ARDUINO,
    NEWS,
    FOLDER_SUMS,
)
