"""A worker process as the tests hold it."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import seqlm
from seqlm.protocol.commands import Command
from seqlm.protocol.queries import Query
from seqlm.worker import client
from seqlm.worker.client import Connection

DEADLINE_S = 60.0
PACKAGE_ROOT = Path(seqlm.__file__).parents[1]


class Worker:
    """A worker process and a connection to it, with deadlines on everything."""

    def __init__(self) -> None:
        self.connection: Connection = client.spawn()
        process = self.connection.process
        assert process is not None
        self.process: subprocess.Popen[bytes] = process
        self.socket_path = ""

    def ask(self, message: Command | Query) -> Any:
        """The answer to a message."""
        return self.connection.ask(message, DEADLINE_S)

    def until(self, condition: Callable[[], bool]) -> None:
        """Listen until something is true; fail after the deadline."""
        until = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < until, "it did not come about in time"
            self.connection.receive(0.02)

    def ended(self) -> int:
        """The status with which the process ended, once it has."""
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        """Leave, and end the process whatever it does."""
        self.connection.close()
        self.process.returncode = None
        self.process.kill()
        self.process.wait()
