import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.errors import SeqlmError
from seqlm.worker import transport
from seqlm.worker.transport import (
    ClientConnection,
    LineBuffer,
    SocketServer,
    listen,
    peer_uid,
    socket_directory,
)


@pytest.fixture
def listener() -> Iterator[tuple[SocketServer, Path]]:
    listening, path = listen()
    with listening:
        yield SocketServer(listening), path


def connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(str(path))
    connection.settimeout(10)
    return connection


def test_the_socket_and_its_folder_are_private() -> None:
    listening, path = listen()
    listening.close()
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert len(str(path)) < 104


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_folder_that_others_can_enter_is_rejected(mode: int) -> None:
    socket_directory().chmod(mode)
    with pytest.raises(SeqlmError, match="not a private folder of yours"):
        listen()


def test_a_symbolic_link_instead_of_the_folder_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "rt" / "seqlm").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SeqlmError, match="not a private folder"):
        listen()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_a_folder_of_another_user_is_rejected() -> None:
    os.chown(socket_directory(), 12345, 12345)
    with pytest.raises(SeqlmError, match="not a private folder of yours"):
        listen()


def test_the_runtime_folder_of_a_login_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEQLM_SOCKETS")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "login"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert socket_directory() == tmp_path / f"seqlm-{os.getuid()}"


def test_a_folder_that_cannot_be_created_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQLM_SOCKETS", str(tmp_path / "gone"))
    with pytest.raises(SeqlmError, match="cannot create"):
        socket_directory()


def test_a_path_too_long_for_a_socket_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir(mode=0o700)
    monkeypatch.setenv("SEQLM_SOCKETS", str(long))
    with pytest.raises(SeqlmError, match="set SEQLM_SOCKETS to another folder"):
        listen()


def test_sockets_of_dead_workers_are_removed() -> None:
    dead, dead_path = listen()
    dead.close()
    alive, alive_path = listen()
    newest, newest_path = listen()
    with alive, newest:
        assert not dead_path.exists()
        assert {alive_path, newest_path} == set(socket_directory().iterdir())


def test_a_connection_of_another_user_is_closed(
    listener: tuple[SocketServer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening, path = listener
    monkeypatch.setattr(transport, "peer_uid", lambda _: os.getuid() + 1)
    with connected(path) as client:
        assert listening.poll(5) == []
        assert listening.clients == []
        assert client.recv(1) == b""


def test_the_kernel_reports_the_user_at_the_other_end() -> None:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with one, other:
        assert peer_uid(one) == os.getuid()


def test_lines_received_in_pieces_are_complete(listener: tuple[SocketServer, Path]) -> None:
    listening, path = listener
    with connected(path) as client:
        listening.poll(5)
        received = []
        for piece in (b"on", b"e\ntw", b"o\n", b"\nthree\nfo"):
            client.sendall(piece)
            received += [line for _, line in listening.poll(5)]
        assert received == [b"one", b"two", b"", b"three"]
    assert listening.poll(5) == []
    assert listening.clients == []


def test_a_large_answer_arrives_complete(listener: tuple[SocketServer, Path]) -> None:
    listening, path = listener
    line = os.urandom(3_000_000).replace(b"\n", b" ") + b"\n"
    with connected(path) as client:
        listening.poll(5)
        listening.clients[0].send(line)
        received = bytearray()
        client.settimeout(0.0)
        while len(received) < len(line):
            listening.poll(0.01)
            try:
                while piece := client.recv(1 << 16):
                    received += piece
            except BlockingIOError:
                continue
        assert bytes(received) == line
        for accepted in listening.clients:
            accepted.connection.close()


def test_a_client_that_reads_nothing_is_disconnected(
    listener: tuple[SocketServer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening, path = listener
    monkeypatch.setattr(transport, "_MAX_UNSENT_BYTES", 1000)
    with connected(path):
        listening.poll(5)
        listening.clients[0].send(b"x" * 1_000_000)  # one line of any length is sent
        listening.poll(0)
        assert len(listening.clients) == 1
        listening.clients[0].send(b"x")
        listening.poll(5)
        assert listening.clients == []
    with connected(path) as another:  # may get the same file descriptor
        another.sendall(b"hello\n")
        listening.poll(5)
        assert [line for _, line in listening.poll(5)] == [b"hello"]
        listening.clients[0].connection.close()


def test_what_is_held_for_all_clients_together_is_bounded(
    listener: tuple[SocketServer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many clients that send half a line or read nothing, the largest ones are disconnected."""
    listening, path = listener
    monkeypatch.setattr(transport, "_MAX_HELD_BYTES", 10_000)
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(20):
            clients.append(stack.enter_context(connected(path)))
            listening.poll(5)
        for i, client in enumerate(clients):
            client.sendall(b"x" * (900 + i))
            listening.poll(5)
            assert sum(held.n_held for held in listening.clients) <= 10_000
        clients[0].sendall(b"\n")  # the smallest one is still served
        assert [line for _, line in listening.poll(5)] == [b"x" * 900]
        for held in listening.clients:
            held.close()


def test_one_send_writes_at_most_one_piece() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        client = ClientConnection(ours)
        client.send(b"x" * 10 * transport._SEND_BYTES)
        theirs.setblocking(False)
        n_received = 0
        with contextlib.suppress(BlockingIOError):
            while piece := theirs.recv(1 << 16):
                n_received += len(piece)
        assert 0 < n_received <= transport._SEND_BYTES


@given(st.lists(st.binary(max_size=4).map(lambda b: b.replace(b"a", b"\n")), max_size=12))
def test_line_buffer_gives_the_lines_of_the_joined_pieces(pieces: list[bytes]) -> None:
    lines = LineBuffer()
    lines_found = [line for piece in pieces for line in lines.add(piece)]
    *whole, rest = b"".join(pieces).split(b"\n")
    assert (lines_found, lines.n_incomplete) == (whole, len(rest))


def test_a_line_without_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_LINE_BYTES", 100)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs:
        client = ClientConnection(ours)
        theirs.sendall(b"x" * 60)
        assert client.receive() == []
        theirs.sendall(b"x" * 60)
        assert client.receive() is None


def test_waiting_for_input_leaves_the_input_unread(
    listener: tuple[SocketServer, Path],
) -> None:
    listening, path = listener
    with connected(path) as client:
        connected(path).close()  # as another worker does to find dead sockets
        client.sendall(b"hello\n")
        assert listening.wait_for_input(60)
        assert [line for _, line in listening.poll(5)] == [b"hello"]
        listening.close()


def test_waiting_for_a_silent_client_ends_after_the_timeout(
    listener: tuple[SocketServer, Path],
) -> None:
    listening, path = listener
    with connected(path):
        assert listening.wait_for_input(0.05)
        connected(path).close()
        assert listening.wait_for_input(0.05)
    assert not listening.wait_for_input(0.05)
    listening.close()
