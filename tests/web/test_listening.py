"""Sockets are opened, or one sentence says why not."""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from mirror.errors import ConfigurationError, LockedError
from mirror.web.listening import shared_tcp_sockets, tcp_sockets, unix_socket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def taken() -> Iterator[int]:
    """A TCP port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def close(sockets: list[socket.socket]) -> None:
    """Close all *sockets*."""
    for one in sockets:
        one.close()


async def test_the_system_chooses_a_port() -> None:
    sockets = await tcp_sockets("127.0.0.1", 0)
    number = sockets[0].getsockname()[1]
    close(sockets)

    assert number > 0


async def test_every_address_of_a_name_has_the_same_port() -> None:
    sockets = await tcp_sockets("localhost", 0)
    numbers = {one.getsockname()[1] for one in sockets}
    close(sockets)

    assert len(numbers) == 1


async def test_a_port_that_is_taken_is_named(taken: int) -> None:
    with pytest.raises(
        ConfigurationError,
        match=f"can not listen on 127.0.0.1:{taken}: Address already in use: another program",
    ):
        await tcp_sockets("127.0.0.1", taken)


async def test_a_port_that_others_listen_on_alone_can_not_be_shared(taken: int) -> None:
    with pytest.raises(ConfigurationError, match="Address already in use"):
        await shared_tcp_sockets("127.0.0.1", taken)


async def test_a_port_can_be_shared_by_those_who_want_to() -> None:
    first = await shared_tcp_sockets("127.0.0.1", 0)
    number = first[0].getsockname()[1]
    second = await shared_tcp_sockets("127.0.0.1", number)
    numbers = [one.getsockname()[1] for one in (*first, *second)]
    close([*first, *second])

    assert numbers == [number, number]


async def test_a_host_without_address_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no address of this machine is called"):
        await tcp_sockets("999.999.999.999", 0)


async def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Cannot assign requested address"):
        await tcp_sockets("192.0.2.1", 0)


def test_only_this_user_can_open_the_socket(tmp_path: Path) -> None:
    with unix_socket(tmp_path / "s"):
        mode = stat.S_IMODE((tmp_path / "s").stat().st_mode)

    assert mode == 0o600


def test_making_a_socket_leaves_the_mask_as_it_was(tmp_path: Path) -> None:
    before = os.umask(0o022)
    with unix_socket(tmp_path / "s"):
        after = os.umask(before)

    assert after == 0o022


def test_the_socket_is_gone_at_the_end(tmp_path: Path) -> None:
    with unix_socket(tmp_path / "s"):
        pass

    assert list(tmp_path.iterdir()) == []


def test_a_socket_of_a_dead_process_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    with unix_socket(tmp_path / "s") as listener:
        name = listener.getsockname()

    assert str(tmp_path / "s") == name


def test_a_socket_on_which_somebody_answers_is_left_alone(tmp_path: Path) -> None:
    with unix_socket(tmp_path / "s") as listener:
        listener.listen()
        with (
            pytest.raises(LockedError, match="another process answers at"),
            unix_socket(tmp_path / "s"),
        ):
            pass
        there = (tmp_path / "s").is_socket()

    assert there


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    with pytest.raises(ConfigurationError, match="is not a socket"), unix_socket(tmp_path / "s"):
        pass

    assert (tmp_path / "s").read_text() == "precious"


def test_a_path_through_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigurationError, match="Not a directory"),
        unix_socket(tmp_path / "file" / "s"),
    ):
        pass


def test_a_link_to_a_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    (tmp_path / "s").symlink_to(tmp_path / "file")
    with pytest.raises(ConfigurationError, match="is not a socket"), unix_socket(tmp_path / "s"):
        pass

    assert (tmp_path / "s").is_symlink()


def test_a_socket_of_somebody_who_came_later_is_left_alone(tmp_path: Path) -> None:
    with unix_socket(tmp_path / "s"), socket.socket(socket.AF_UNIX) as other:
        (tmp_path / "s").rename(tmp_path / "old")
        other.bind(str(tmp_path / "s"))

    assert (tmp_path / "s").is_socket()


def test_a_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError, match="at most 100 bytes"),
        unix_socket(tmp_path / ("s" * 100)),
    ):
        pass


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError, match="No such file or directory"),
        unix_socket(tmp_path / "no" / "s"),
    ):
        pass
