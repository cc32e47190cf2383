"""Only regular files are opened, without waiting and without following links."""

import os
import socket
from pathlib import Path

import pytest

from seqlm.regular_file import NotAllowedError, find_link, open_regular, read_regular


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(8 << 30)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (fifo, "it is a pipe, not a regular file"),
        (device, "it is a link, which is not followed"),
        (folder, "it is a folder, not a regular file"),
        (unix_socket, "it is a device or socket, not a regular file"),
        (sparse, "it has 8,589,934,592 bytes; allowed: at most 100"),
    ],
)
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT, os.O_WRONLY | os.O_APPEND])
def test_what_is_not_a_regular_file_is_refused_at_once(
    tmp_path: Path, make, words: str, flags: int
) -> None:
    make(tmp_path / "made")
    with pytest.raises(NotAllowedError) as refused:
        open_regular(tmp_path / "made", flags, 100)
    assert refused.value.strerror == words


def test_a_device_itself_is_refused() -> None:
    with pytest.raises(NotAllowedError, match="a device or socket"):
        read_regular(Path("/dev/zero"), 100)


def test_a_regular_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.write_bytes(b"x" * 100)
    assert read_regular(path, 100) == b"x" * 100
    with pytest.raises(NotAllowedError, match="allowed: at most 99"):
        read_regular(path, 99)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none", 1)


def test_a_link_is_found_at_any_level(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_link(tmp_path) is None
    link = tmp_path / "a" / "b" / "link"
    link.symlink_to("/nowhere")
    assert find_link(tmp_path) == link
