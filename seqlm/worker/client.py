"""How a screen reaches a worker: start one, or find the one that holds a run, and talk to it."""

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
from seqlm.protocol.queries import Answer, Query, Rejected
from seqlm.runs.directory import RunDirectory
from seqlm.worker.transport import LineBuffer, listen, peer_uid

Reply: TypeAlias = Answer | Event
_READER = codec.decoder(Reply)
_RECEIVE_BYTES = 1 << 16
_LEFT: "list[subprocess.Popen[bytes]]" = []


@atexit.register
def _leave_them() -> None:
    """Workers are meant to outlive us: no warning that they do."""
    for process in _LEFT:
        process.returncode = process.poll() or 0


class WorkerExited(SeqlmError):
    """The worker is gone: its connection ended."""


class Connection:
    """A connection to a worker, without threads. A screen may also watch :meth:`fileno`.

    Args:
        connection: A connected socket.
        process: The worker, where it was started here.
        errors: What it writes to its standard error until it opens a run.

    Attributes:
        patience_s: How long a worker that is gone is waited for, to say how it ended.
    """

    patience_s = 1.0

    def __init__(
        self,
        connection: socket.socket,
        process: "subprocess.Popen[bytes] | None" = None,
        errors: BinaryIO | None = None,
    ) -> None:
        self._connection, self.process, self._errors = connection, process, errors
        self._lines = LineBuffer()

    def fileno(self) -> int:
        """For select and event loops."""
        return self._connection.fileno()

    def send(self, message: Command | Query) -> None:
        """Send a command or a question.

        Raises:
            WorkerDied: There is nobody to hear it.
        """
        try:
            self._connection.sendall(codec.encode(message))
        except OSError as error:
            raise WorkerExited(self._last_words()) from error

    def receive(self, timeout_s: float | None = None) -> list[Reply]:
        """What came, waiting up to ``timeout_s`` (None: for ever) for the first of it.

        Raises:
            WorkerDied: The connection ended.
        """
        self._connection.settimeout(timeout_s)
        try:
            data = self._connection.recv(_RECEIVE_BYTES)
        except (TimeoutError, BlockingIOError):
            return []
        except OSError as error:
            raise WorkerExited(self._last_words()) from error
        finally:
            self._connection.settimeout(None)
        if not data:
            raise WorkerExited(self._last_words())
        return [codec.decode(line, _READER) for line in self._lines.take(data)]

    def ask(self, message: Command | Query, timeout_s: float | None = None) -> Reply:
        """Send a message and wait for its own answer.

        Raises:
            SeqlmError: It was refused, with the worker's words and exit status.
            WorkerDied: The connection ended first.
            TimeoutError: No answer within ``timeout_s``.
        """
        self.send(message)
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while until is None or time.monotonic() < until:
            left_s = None if until is None else max(0.0, until - time.monotonic())
            for reply in self.receive(left_s):
                if is_reply_to(reply, message.id):
                    return raise_if_rejected(reply)
        raise TimeoutError(f"no answer within {timeout_s:g} s")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave; the worker goes on."""
        self._connection.close()
        if self.process is not None and self.process.poll() is None:
            _LEFT.append(self.process)  # it goes on; its end is taken note of when another begins
        if self._errors is not None:
            self._errors.close()

    def _last_words(self) -> str:
        """What is known about the end of the worker."""
        if self.process is None:
            return "the trainer is gone"
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.patience_s)
        status = self.process.returncode
        if status is None:
            return f"the trainer {describe_exit(status)}"
        return f"the trainer {describe_exit(status)}{self._error_line()}"

    def _error_line(self) -> str:
        if self._errors is None or self._errors.closed:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""


def describe_exit(status: int | None) -> str:
    """Return how a worker ended, as words that follow "the trainer".

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
    """Whether a reply answers the message with this id."""
    return message_id in (getattr(reply, "id", None), getattr(reply, "command_id", None))


def raise_if_rejected(reply: Reply) -> Reply:
    """The reply, unless it refuses.

    Raises:
        SeqlmError: The refusal in the worker's words.
    """
    if isinstance(reply, Rejected):
        raise RequestError(reply.message) if reply.exit_status == 2 else SeqlmError(reply.message)
    return reply


def new_id() -> str:
    """An id for a command or a query."""
    return os.urandom(6).hex()


def spawn() -> Connection:
    """Start a worker in a session of its own. It can be talked to at once; torch takes a second."""
    _LEFT[:] = [process for process in _LEFT if process.poll() is None]
    listening, path = listen()
    errors = tempfile.TemporaryFile()  # noqa: SIM115 (the connection closes it)
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
    """A connection to the worker that holds a run; None where there is none."""
    lock = run.holder()
    if lock is None:
        return None
    try:
        return Connection(_connect(Path(lock.socket)))
    except OSError:
        return None


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(str(path))
    if peer_uid(connection) != os.getuid():
        connection.close()
        raise SeqlmError(f"{path} belongs to another user")
    return connection
