"""Unix socket between a worker and its clients: its path, access control, and line framing."""

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

from seqlm.error_text import cause_of
from seqlm.errors import SeqlmError
from seqlm.protocol.codec import MAX_LINE_BYTES

_RECEIVE_BYTES, _SEND_BYTES = 1 << 16, 1 << 18
_MAX_UNSENT_BYTES = 64 << 20
_MAX_HELD_BYTES = 2 * MAX_LINE_BYTES
"""Bytes that a worker holds for all its clients together."""


def socket_directory() -> Path:
    """Return the directory of the sockets, which only this user can enter; create it if needed.

    The directory is below the temporary directory, or below ``$SEQLM_SOCKETS``: the runtime directory
    of a login is removed at logout, and a run continues after that. Socket paths must be short.

    Raises:
        SeqlmError: The directory cannot be created, is not a directory, or is not private.
    """
    chosen = os.environ.get("SEQLM_SOCKETS")
    path = Path(chosen or tempfile.gettempdir()) / ("seqlm" if chosen else f"seqlm-{os.getuid()}")
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SeqlmError(
            f"cannot create {path}: {cause_of(error)}; set SEQLM_SOCKETS to another folder"
        ) from error
    status = path.lstat()
    is_private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
    if not is_private or status.st_uid != os.getuid():
        raise SeqlmError(
            f"{path} is not a private folder of yours; remove it or set SEQLM_SOCKETS to another folder"
        )
    return path


def listen() -> tuple[socket.socket, Path]:
    """Return a new listening socket and its path. Sockets of dead workers are removed.

    Raises:
        SeqlmError: The directory cannot be used, or its path is too long for a socket.
    """
    folder = socket_directory()
    for old in folder.glob("*.sock"):
        _remove_if_dead(old)
    path = folder / f"{os.urandom(6).hex()}.sock"
    unready = path.with_suffix(".new")  # a socket that does not listen yet would look dead
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
            f"cannot create a socket in {folder}: {error}; set SEQLM_SOCKETS to another folder"
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
    """Connection of one client on the worker's side. Sending never waits for the client.

    Args:
        connection: An accepted connection.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self._lines = LineBuffer()
        self._unsent = bytearray()

    @property
    def selector_events(self) -> int:
        """Events a selector should wait for: input, and room for output if there is unsent output."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)

    @property
    def n_held(self) -> int:
        """Number of bytes held for this client: of an incomplete line, and unsent."""
        return self._lines.n_incomplete + len(self._unsent)

    def has_input(self) -> bool:
        """Return True if a readable connection has input, False if the client has disconnected."""
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def receive(self) -> list[bytes] | None:
        """Return the complete lines received; None once the client has disconnected."""
        try:
            data = self.connection.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            return None
        lines = self._lines.add(data)
        return lines if data and self._lines.n_incomplete <= MAX_LINE_BYTES else None

    def send(self, line: bytes) -> None:
        """Send a line as soon as the client reads it; disconnect a client that has stopped reading."""
        if len(self._unsent) > _MAX_UNSENT_BYTES:
            self._disconnect()
            return
        self._unsent += line
        self.flush()

    def flush(self) -> None:
        """Send one piece of the unsent output; the rest is sent in later turns of the loop."""
        try:
            with memoryview(self._unsent) as unsent:
                n_sent = self.connection.send(unsent[:_SEND_BYTES])
        except BlockingIOError:
            return
        except OSError:
            self._disconnect()
        else:
            del self._unsent[:n_sent]  # moves no bytes: only the start of the buffer changes

    def close(self) -> None:
        """Close the connection and release what is held for it."""
        self.connection.close()
        self._lines, self._unsent = LineBuffer(), bytearray()

    def _disconnect(self) -> None:
        """Shut the connection down; the next read then reports that the client has disconnected."""
        self._unsent.clear()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class SocketServer:
    """Worker's side of all connections. It uses one thread and waits only in :meth:`poll`.

    Args:
        listening: The socket that clients connect to.

    Attributes:
        clients: The connected clients.
    """

    def __init__(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._selector = selectors.DefaultSelector()
        self._selector.register(listening, selectors.EVENT_READ)
        self.clients: list[ClientConnection] = []

    def poll(self, timeout_s: float) -> list[tuple[ClientConnection, bytes]]:
        """Return the lines received with their clients; wait up to ``timeout_s`` for the first."""
        for client in self.clients:
            self._selector.modify(client.connection, client.selector_events, client)
        lines: list[tuple[ClientConnection, bytes]] = []
        for key, events in self._selector.select(timeout_s):
            if key.fileobj is self._listening:
                self._accept()
                continue
            if events & selectors.EVENT_WRITE:
                key.data.flush()
            if events & selectors.EVENT_READ:
                lines += self._read(key.data)
        self._bound_memory()
        return lines

    def wait_for_input(self, timeout_s: float) -> bool:
        """Wait until a client has sent something, which stays unread, or until the timeout.

        A client that connects and leaves without sending anything is ignored: workers that look for
        dead sockets do so.

        Returns:
            True if a client is connected.
        """
        until = time.monotonic() + timeout_s
        while (left_s := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(left_s):
                if key.fileobj is self._listening:
                    self._accept()
                elif key.data.has_input():
                    return True
                else:
                    self._remove(key.data)
        return bool(self.clients)

    def send_all(self, line: bytes) -> None:
        """Send a line to every client."""
        for client in self.clients:
            client.send(line)

    def close(self) -> None:
        """Close every connection."""
        for client in self.clients:
            client.close()
        self.clients.clear()
        self._selector.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:
            return
        if peer_uid(connection) != os.getuid():
            connection.close()
            return
        client = ClientConnection(connection)
        self.clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _read(self, client: ClientConnection) -> list[tuple[ClientConnection, bytes]]:
        lines = client.receive()
        if lines is None:
            self._remove(client)
            return []
        return [(client, line) for line in lines]

    def _remove(self, client: ClientConnection) -> None:
        self._selector.unregister(client.connection)
        client.close()
        self.clients.remove(client)

    def _bound_memory(self) -> None:
        """Disconnect the client for which most is held while too much is held for all together."""
        while sum(client.n_held for client in self.clients) > _MAX_HELD_BYTES:
            self._remove(max(self.clients, key=lambda client: client.n_held))


class LineBuffer:
    """Joins lines that are received in pieces; each byte is examined once."""

    def __init__(self) -> None:
        self._incomplete = bytearray()

    @property
    def n_incomplete(self) -> int:
        """Number of bytes of the line whose end has not been received."""
        return len(self._incomplete)

    def add(self, piece: bytes) -> list[bytes]:
        """Add received bytes and return the lines that they complete."""
        *whole, rest = piece.split(b"\n")
        if whole:
            whole[0] = bytes(self._incomplete) + whole[0]
            self._incomplete.clear()
        self._incomplete += rest
        return whole


def peer_uid(connection: socket.socket) -> int:
    """Return the user id at the other end of a local connection, as reported by the kernel."""
    if sys.platform == "darwin":
        local_peercred, xucred = 0x001, struct.Struct("=IIh")
        raw = connection.getsockopt(0, local_peercred, 76)
        return int(xucred.unpack_from(raw)[1])
    ucred = struct.Struct("=iII")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, ucred.size)
    return int(ucred.unpack(raw)[1])
