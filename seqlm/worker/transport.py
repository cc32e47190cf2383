"""The socket between a worker and its screens: where it lies, who may speak, lines both ways."""

import contextlib
import os
import selectors
import socket
import stat
import struct
import sys
import tempfile
import time
from pathlib import Path

from seqlm.errors import SeqlmError
from seqlm.protocol.codec import MAX_LINE_BYTES

_RECEIVE_BYTES, _SEND_BYTES = 1 << 16, 1 << 18
_MAX_UNSENT_BYTES = 64 << 20


def socket_directory() -> Path:
    """A folder that only this user can enter. Its path is short, as socket paths must be.

    It lies in the temporary directory, or where ``$SEQLM_SOCKETS`` says: the runtime directory of a
    login is removed at logout, and a training outlives that.

    Raises:
        SeqlmError: It cannot be made, something else stands there, or another user owns it.
    """
    chosen = os.environ.get("SEQLM_SOCKETS")
    path = Path(chosen or tempfile.gettempdir()) / ("seqlm" if chosen else f"seqlm-{os.getuid()}")
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SeqlmError(f"{path} cannot be made: {error.strerror}; set SEQLM_SOCKETS") from error
    found = path.lstat()
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    if not private or found.st_uid != os.getuid():
        raise SeqlmError(f"{path} is not a private folder of yours; remove it or set SEQLM_SOCKETS")
    return path


def listen() -> tuple[socket.socket, Path]:
    """A new listening socket with a name nobody else has. Those of dead workers are taken away.

    Raises:
        SeqlmError: The folder cannot be used, or its path is too long for a socket.
    """
    folder = socket_directory()
    for old in folder.glob("*.sock"):
        _remove_if_dead(old)
    path = folder / f"{os.urandom(6).hex()}.sock"
    unready = path.with_suffix(".new")  # until it listens it would look dead
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(unready))
        unready.chmod(0o600)
        listening.listen(8)
        unready.rename(path)
    except OSError as error:
        listening.close()
        unready.unlink(missing_ok=True)
        raise SeqlmError(
            f"no socket can be made in {folder}: {error}; SEQLM_SOCKETS sets another place"
        ) from error
    return listening, path


def _remove_if_dead(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except OSError:
            return


class ClientConnection:
    """One screen, as its worker sees it: sends lines without ever waiting for it.

    Args:
        connection: An accepted connection.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self._lines = LineBuffer()
        self._unsent = bytearray()

    @property
    def awaited(self) -> int:
        """What a selector should wait for: lines to come, and room for those that wait here."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)

    def has_spoken(self) -> bool:
        """Of a screen that can be read from: whether it said something; else it is gone."""
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def receive(self) -> list[bytes] | None:
        """The whole lines that came; None once the screen is gone."""
        try:
            data = self.connection.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            return None
        lines = self._lines.take(data)
        return lines if data and self._lines.n_begun <= MAX_LINE_BYTES else None

    def send(self, line: bytes) -> None:
        """Send a line as soon as the screen takes it; one that has not taken those before is let go."""
        if len(self._unsent) > _MAX_UNSENT_BYTES:
            self._let_go()
            return
        self._unsent += line
        self.flush()

    def flush(self) -> None:
        """Send a piece of what waits; the next one has its turn later, for there is other work."""
        try:
            with memoryview(self._unsent) as unsent:
                n_sent = self.connection.send(unsent[:_SEND_BYTES])
        except BlockingIOError:
            return
        except OSError:
            self._let_go()
        else:
            del self._unsent[:n_sent]  # moves nothing: where it begins is all that changes

    def _let_go(self) -> None:
        """End the connection; its end is then heard as if the screen had gone."""
        self._unsent.clear()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class SocketServer:
    """The worker's end of all its connections. One thread, no waiting but in :meth:`poll`.

    Args:
        listening: The socket that screens connect to.
    """

    def __init__(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._selector = selectors.DefaultSelector()
        self._selector.register(listening, selectors.EVENT_READ)
        self.peers: list[ClientConnection] = []

    def poll(self, timeout_s: float) -> list[tuple[ClientConnection, bytes]]:
        """The lines that came from any screen, waiting up to ``timeout_s`` for the first."""
        for peer in self.peers:
            self._selector.modify(peer.connection, peer.awaited, peer)
        lines: list[tuple[ClientConnection, bytes]] = []
        for key, events in self._selector.select(timeout_s):
            if key.fileobj is self._listening:
                self._accept()
                continue
            if events & selectors.EVENT_WRITE:
                key.data.flush()
            if events & selectors.EVENT_READ:
                lines += self._read(key.data)
        return lines

    def wait_for_a_word(self, timeout_s: float) -> bool:
        """Wait until a screen has said something, which stays unread, or until the time is over.

        Who comes and leaves without a word is forgotten: another worker that looks which sockets are
        dead does so.

        Returns:
            Whether anybody is here.
        """
        until = time.monotonic() + timeout_s
        while (left_s := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(left_s):
                if key.fileobj is self._listening:
                    self._accept()
                elif key.data.has_spoken():
                    return True
                else:
                    self._forget(key.data)
        return bool(self.peers)

    def close(self) -> None:
        """End every connection."""
        for peer in self.peers:
            peer.connection.close()
        self.peers.clear()
        self._selector.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:
            return
        if peer_uid(connection) != os.getuid():
            connection.close()
            return
        peer = ClientConnection(connection)
        self.peers.append(peer)
        self._selector.register(connection, selectors.EVENT_READ, peer)

    def _read(self, peer: ClientConnection) -> list[tuple[ClientConnection, bytes]]:
        lines = peer.receive()
        if lines is None:
            self._forget(peer)
            return []
        return [(peer, line) for line in lines]

    def _forget(self, peer: ClientConnection) -> None:
        self._selector.unregister(peer.connection)
        peer.connection.close()
        self.peers.remove(peer)


class LineBuffer:
    """Puts together the lines that are received in pieces; each byte is looked at once."""

    def __init__(self) -> None:
        self._begun = bytearray()

    @property
    def n_begun(self) -> int:
        """Bytes of the line whose end has not come."""
        return len(self._begun)

    def take(self, piece: bytes) -> list[bytes]:
        """The lines that end in this piece."""
        *whole, rest = piece.split(b"\n")
        if whole:
            whole[0] = bytes(self._begun) + whole[0]
            self._begun.clear()
        self._begun += rest
        return whole


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end of a local connection, as the kernel knows it."""
    if sys.platform == "darwin":
        local_peercred, xucred = 0x001, struct.Struct("=IIh")
        raw = connection.getsockopt(0, local_peercred, 76)
        return int(xucred.unpack_from(raw)[1])
    ucred = struct.Struct("=iII")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, ucred.size)
    return int(ucred.unpack(raw)[1])
