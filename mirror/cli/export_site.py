"""`mpmirror export --site DIR`: write what is published as files that any web server serves."""

import asyncio
from functools import partial
from pathlib import Path

from mirror.cli.terminal import say, say_json
from mirror.config import Settings
from mirror.daemon.tls import whereabouts_of
from mirror.errors import MirrorError
from mirror.storage.crawled import find_last_crawl
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.freshness import find_freshness
from mirror.transfer.site.exporting import Exported
from mirror.transfer.site.exporting import export_site as write_site
from mirror.web.app import Serving
from mirror.web.worker import open_held


def export_site(settings: Settings, folder: Path, *, as_json: bool) -> None:
    """Write the tree, and say what is in it; this takes no lock of the data directory."""
    held = open_held(settings.data_dir)
    told = Serving(
        node=held.node,
        status=_no_status,
        last_crawl=partial(find_last_crawl, settings.data_dir),
        signatures=held.signatures.of,
        freshness=partial(find_freshness, settings.data_dir),
        whereabouts=whereabouts_of(settings),
        channel=settings.default_channel,
    )
    done = asyncio.run(write_site(held, told, Files(Disk()), folder))
    if as_json:
        say_json(_document(folder, done))
    else:
        _tell(folder, done)


async def _no_status() -> bytes:
    raise MirrorError("a tree of files has no status")


def _document(folder: Path, done: Exported) -> dict[str, object]:
    return {
        "folder": str(folder),
        "publication": done.sequence,
        "paths": done.paths,
        "new": done.new,
        "changed": done.changed,
    }


def _tell(folder: Path, done: Exported) -> None:
    if not done.changed:
        say(f"{folder}/current is publication {done.sequence} already, as it is now")
        return
    say(
        f"{folder}/current is publication {done.sequence} now: {done.paths} files,"
        f" {done.new} of them new"
    )
