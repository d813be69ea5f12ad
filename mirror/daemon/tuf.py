"""The TUF view of the node, kept up with what it shows; nothing of it is loaded unless wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.errors import ConfigurationError, MirrorError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.threads import to_end
from mirror.storage.tuf_folder import TufFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mirror.config import Settings
    from mirror.storage.store import StoreReader

MISSING = "python-tuf is not installed: pip install 'mpmirror[tuf]'"


def find_tuf(settings: Settings) -> Callable[[str], bytes | None] | None:
    """Return what gives the metadata, None when they are not served; this blocks, shortly.

    Raises `ConfigurationError` when they shall be served, and nobody made any.
    """
    if not settings.tuf:
        return None
    folder = TufFolder(settings.data_dir)
    if not folder.newest("root"):
        raise ConfigurationError("tuf = true, and there is no TUF root: mpmirror tuf init")
    return folder.find


async def keep_up(settings: Settings, store: StoreReader, checked: datetime) -> None:
    """Sign as `renew_tuf` does; what stands in the way is logged, and holds nothing else up."""
    try:
        await renew_tuf(settings, store, checked)
    except MirrorError as error:
        import structlog  # noqa: PLC0415 - who serves first loads this module, and logs nothing

        structlog.get_logger(__name__).error("the TUF view is not kept up", why=str(error))


async def renew_tuf(settings: Settings, store: StoreReader, checked: datetime) -> None:
    """Sign what the default channel shows, as upstream was when *checked*.

    Raises `ConfigurationError` before `mpmirror tuf init`, or without python-tuf.
    """
    try:
        from mirror.transfer.tuf.offline import ONLINE_KEY  # noqa: PLC0415 - wanted seldom
        from mirror.transfer.tuf.online import published, renew_online  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(MISSING) from error
    # Who serves first asks for `find_tuf` only, and waits for no database.
    from mirror.daemon.parts import now  # noqa: PLC0415 - see above
    from mirror.transfer.keys.node_keys import find_secret  # noqa: PLC0415

    signer = await to_end(find_secret, settings.keys_dir / ONLINE_KEY)
    if signer is None:
        raise ConfigurationError("there is no TUF key here: mpmirror tuf init")
    files = await published(store, settings.default_channel)
    folder = TufFolder(settings.data_dir, Files(Disk()))
    expires = checked + settings.freshness.warn_after
    await to_end(renew_online, folder, files, signer, now(), expires)
