"""Open the sockets that are listened on, and say in one sentence why one can not be.

A TCP port can be shared by processes (``SO_REUSEPORT``).  A Unix socket belongs to this
user alone; one that a dead process left behind is removed, one that answers is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import stat
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mirror.errors import ConfigurationError, LockedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The longest path of a Unix socket, in bytes: sun_path ends at 107, and tools add to it.
MOST_PATH_BYTES: Final = 100

# As the socket module has it: host, number, and for IPv6 flow and scope.
Address: TypeAlias = tuple[Any, ...]

_TO_DO: Final = {
    errno.EADDRINUSE: ": another program listens there; end it, or listen somewhere else",
    errno.EACCES: ": numbers below 1024 are for root, and services with CAP_NET_BIND_SERVICE",
    errno.EADDRNOTAVAIL: ": this machine has no such address; 0.0.0.0 is all that it has",
}
_ONLY_OURS: Final = 0o177
_SECONDS: Final = 2.0


async def tcp_sockets(host: str, number: int) -> list[socket.socket]:
    """Bind to every address of *host*; port *number* 0 lets the system choose one for all.

    Raises `ConfigurationError` when *host* has no address or the port can not be had.
    """
    return await _bound(host, number, (socket.SO_REUSEADDR,))


async def shared_tcp_sockets(host: str, number: int) -> list[socket.socket]:
    """Bind like `tcp_sockets`, to a port that other processes of this user bind to as well."""
    return await _bound(host, number, (socket.SO_REUSEADDR, socket.SO_REUSEPORT))


@contextlib.contextmanager
def unix_socket(path: Path) -> Iterator[socket.socket]:
    """Bind to the Unix socket *path*, which only this user can open; removed at the end.

    Raises `ConfigurationError` for a path that can not be one, `LockedError` when somebody
    answers there.
    """
    if len(os.fsencode(path)) > MOST_PATH_BYTES:
        raise ConfigurationError(
            f"a socket path has at most {MOST_PATH_BYTES} bytes: choose a shorter one than {path}"
        )
    _remove_stale(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        _bind_unix(listener, path)
        inode = path.stat().st_ino
        try:
            yield listener
        finally:
            _remove(path, inode)


async def _bound(host: str, number: int, options: tuple[int, ...]) -> list[socket.socket]:
    bound: list[socket.socket] = []
    try:
        for family, address in await _addresses(host, number):
            bound.append(socket.socket(family, socket.SOCK_STREAM))
            # One number for all addresses of a name, also where the system chose it.
            number = _bind(bound[-1], (address[0], number, *address[2:]), options)
    except OSError as error:
        _close(bound)
        raise ConfigurationError(
            f"can not listen on {host}:{number}: {os.strerror(error.errno or 0)}"
            f"{_TO_DO.get(error.errno or 0, '')}"
        ) from error
    except BaseException:
        _close(bound)
        raise
    return bound


async def _addresses(host: str, number: int) -> list[tuple[int, Address]]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise ConfigurationError(f"no address of this machine is called {host!r}") from error
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _bind(listener: socket.socket, address: Address, options: tuple[int, ...]) -> int:
    for option in options:
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
    if listener.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind(address)
    listener.setblocking(False)  # noqa: FBT003 - the standard library's own interface
    number: int = listener.getsockname()[1]
    return number


def _close(sockets: list[socket.socket]) -> None:
    for listener in sockets:
        listener.close()


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigurationError(f"can not look at {path}: {error.strerror}") from error
    if not stat.S_ISSOCK(mode):
        raise ConfigurationError(f"{path} is not a socket: choose another path, or remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_SECONDS)
        try:
            probe.connect(os.fspath(path))
        except OSError:
            # Nobody listens there: its process is dead.
            path.unlink(missing_ok=True)
            return
    raise LockedError(f"another process answers at {path}")


def _bind_unix(listener: socket.socket, path: Path) -> None:
    # Set for the whole process, but only while nothing else of the loop can run.
    before = os.umask(_ONLY_OURS)
    try:
        listener.bind(os.fspath(path))
    except OSError as error:
        raise ConfigurationError(f"can not listen at {path}: {error.strerror}") from error
    finally:
        os.umask(before)
    listener.setblocking(False)  # noqa: FBT003 - the standard library's own interface


def _remove(path: Path, inode: int) -> None:
    with contextlib.suppress(OSError):
        # Another process may have put its own socket here meanwhile.
        if path.stat().st_ino == inode:
            path.unlink()
