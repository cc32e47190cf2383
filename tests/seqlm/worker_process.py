"""Worker process for tests."""

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
    """Worker process with a connection to it and a deadline for every wait."""

    def __init__(self) -> None:
        self.connection: Connection = client.spawn()
        process = self.connection.process
        assert process is not None
        self.process: subprocess.Popen[bytes] = process
        self.socket_path = ""

    def request(self, message: Command | Query) -> Any:
        """Send a message and return its reply."""
        return self.connection.request(message, DEADLINE_S)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Receive messages until the condition is true; fail after the deadline."""
        until = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < until, "the condition did not become true in time"
            self.connection.receive(0.02)

    def wait_for_exit(self) -> int:
        """Wait for the process to exit and return its exit status."""
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        """Disconnect and kill the process."""
        self.connection.close()
        self.process.returncode = None
        self.process.kill()
        self.process.wait()
