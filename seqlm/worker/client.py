"""Client side of the worker socket: start a worker, or connect to the worker that holds a run."""

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Self, TypeAlias

from seqlm.errors import RequestError, SeqlmError
from seqlm.protocol import codec
from seqlm.protocol.commands import Command
from seqlm.protocol.events import Event
from seqlm.protocol.queries import Answer, Describe, DescribeAnswer, Query, Rejected
from seqlm.runs.directory import RunDirectory
from seqlm.worker.transport import LineBuffer, listen, peer_uid

Reply: TypeAlias = Answer | Event
_READER = codec.decoder(Reply)
_RECEIVE_BYTES = 1 << 16
_DESCRIBE_TIMEOUT_S = 2.0
_DETACHED: "list[subprocess.Popen[bytes]]" = []


@atexit.register
def _suppress_popen_warnings() -> None:
    """Mark detached workers as ended, so that ``Popen`` does not warn that they outlive this process."""
    for process in _DETACHED:
        process.returncode = process.poll() or 0


class WorkerExited(SeqlmError):
    """Error of a connection that ended because the worker exited."""


class Connection:
    """Connection to a worker, without threads. An event loop may also watch :meth:`fileno`.

    Args:
        connection: A connected socket.
        process: The worker process, if this process started it.
        errors: Standard error of the worker until it opens a run.

    Attributes:
        process: The worker process, if this process started it.
        exit_timeout_s: Seconds to wait for the exit status of a worker that has disconnected.
    """

    exit_timeout_s = 1.0

    def __init__(
        self,
        connection: socket.socket,
        process: "subprocess.Popen[bytes] | None" = None,
        errors: BinaryIO | None = None,
    ) -> None:
        self._connection, self.process, self._errors = connection, process, errors
        self._lines = LineBuffer()

    def fileno(self) -> int:
        """Return the file descriptor, for select and event loops."""
        return self._connection.fileno()

    def send(self, message: Command | Query) -> None:
        """Send a command or a query.

        Raises:
            WorkerExited: The connection ended.
        """
        try:
            self._connection.sendall(codec.encode(message))
        except OSError as error:
            raise WorkerExited(self._exit_message()) from error

    def receive(self, timeout_s: float | None = None) -> list[Reply]:
        """Return the messages received, after waiting up to ``timeout_s`` for the first.

        Args:
            timeout_s: Seconds to wait; None to wait without a limit.

        Raises:
            WorkerExited: The connection ended.
        """
        self._connection.settimeout(timeout_s)
        try:
            data = self._connection.recv(_RECEIVE_BYTES)
        except (TimeoutError, BlockingIOError):
            return []
        except OSError as error:
            raise WorkerExited(self._exit_message()) from error
        finally:
            self._connection.settimeout(None)
        if not data:
            raise WorkerExited(self._exit_message())
        return [codec.decode(line, _READER) for line in self._lines.add(data)]

    def request(self, message: Command | Query, timeout_s: float | None = None) -> Reply:
        """Send a message and wait for its reply.

        Raises:
            SeqlmError: The worker rejected the message; with the worker's message and exit status.
            WorkerExited: The connection ended before the reply.
            TimeoutError: There was no reply within ``timeout_s``.
        """
        self.send(message)
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while until is None or time.monotonic() < until:
            left_s = None if until is None else max(0.0, until - time.monotonic())
            for reply in self.receive(left_s):
                if is_reply_to(reply, message.id):
                    return raise_if_rejected(reply)
        raise TimeoutError(f"no reply within {timeout_s:g} s")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect; the worker continues."""
        self._connection.close()
        if self.process is not None and self.process.poll() is None:
            _DETACHED.append(self.process)  # polled when the next worker starts
        if self._errors is not None:
            self._errors.close()

    def _exit_message(self) -> str:
        """Return how the worker ended, as far as it is known."""
        if self.process is None:
            return "the worker has exited"
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.exit_timeout_s)
        status = self.process.returncode
        if status is None:
            return f"the worker {describe_exit(status)}"
        return f"the worker {describe_exit(status)}{self._error_line()}"

    def _error_line(self) -> str:
        if self._errors is None or self._errors.closed:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""


def describe_exit(status: int | None) -> str:
    """Return how a worker ended, as words that follow "the worker".

    Args:
        status: Exit status, negative for a signal; None for a process that is still running.
    """
    if status is None:
        return "closed its connection"
    if status >= 0:
        return f"ended (exit status {status})"
    likely_cause = ": often memory" if -status == signal.SIGKILL else ""
    return f"was killed (signal {-status}{likely_cause})"


def is_reply_to(reply: Reply, message_id: str) -> bool:
    """Return True if a reply belongs to the message with this id."""
    return message_id in (getattr(reply, "id", None), getattr(reply, "command_id", None))


def raise_if_rejected(reply: Reply) -> Reply:
    """Return the reply, unless it is a rejection.

    Raises:
        RequestError: The request was not valid.
        SeqlmError: The request failed for another reason.
    """
    if isinstance(reply, Rejected):
        raise RequestError(reply.message) if reply.exit_status == 2 else SeqlmError(reply.message)
    return reply


def new_id() -> str:
    """Return a new id for a command or a query."""
    return os.urandom(6).hex()


def spawn() -> Connection:
    """Start a worker in a session of its own.

    Messages can be sent at once; the worker answers after importing torch, which takes a second.
    """
    _DETACHED[:] = [process for process in _DETACHED if process.poll() is None]
    listening, path = listen()
    errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by the connection)
    command = [sys.executable, "-P", "-m", "seqlm.worker.main"]
    arguments = ["--socket-fd", str(listening.fileno()), "--socket-path", str(path)]
    with listening:
        process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=[listening.fileno()],
            start_new_session=True,
            env=os.environ | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")},
        )
        return Connection(_connect(path), process, errors)


def attach(run: RunDirectory) -> Connection | None:
    """Return a connection to the worker that holds a run, or None if no worker does."""
    lock = run.holder()
    if lock is None:
        return None
    try:
        return Connection(_connect(Path(lock.socket)))
    except OSError:
        return None


def describe(run: RunDirectory) -> DescribeAnswer | None:
    """Return the status of the worker that holds a run; None if no worker does or it is busy."""
    try:
        connection = attach(run)
        if connection is None:
            return None
        with connection:
            answer = connection.request(Describe(id=new_id()), _DESCRIBE_TIMEOUT_S)
    except (SeqlmError, OSError):
        return None
    return answer if isinstance(answer, DescribeAnswer) else None


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(str(path))
    if peer_uid(connection) != os.getuid():
        connection.close()
        raise SeqlmError(f"{path} belongs to another user")
    return connection
