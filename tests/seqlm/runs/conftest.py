"""Every test of runs has a home, a runtime folder and workers of its own."""

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import seqlm
from seqlm.protocol.commands import Command
from seqlm.protocol.queries import Query
from seqlm.runs import client
from seqlm.runs.client import Connection, Reply

DEADLINE_S = 60.0
PACKAGE_ROOT = Path(seqlm.__file__).parents[1]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rt").mkdir(mode=0o700)
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "rt"))
    paths = [str(PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A file of 200 short made-up names."""
    draw = random.Random(0)
    syllables = ["an", "bel", "co", "da", "el", "fi", "ga", "lo", "mi", "ra"]
    items = ["".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(700)]
    path = tmp_path / "made-up.txt"
    path.write_text("\n".join(list(dict.fromkeys(items))[:200]) + "\n")
    return path


@pytest.fixture
def small(corpus: Path) -> Callable[..., str]:
    """A recipe of a small LSTM on that file, with more settings."""

    def recipe(*words: str, steps: int = 120) -> str:
        fixed = [
            "names-lstm",
            f"data.corpus={corpus}",
            "model.hidden=12",
            "model.embedding=6",
            "train.batch=8",
            "train.evaluate_every=50",
            f"train.steps={steps}",
        ]
        return " ".join([*fixed, *words])

    return recipe


class Worker:
    """A worker process and a connection to it, with deadlines on everything."""

    def __init__(self) -> None:
        self.connection: Connection = client.spawn()
        process = self.connection.process
        assert process is not None
        self.process: subprocess.Popen[bytes] = process
        self.socket_path = ""

    def ask(self, message: Command | Query) -> Reply:
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


@pytest.fixture
def spawn() -> Iterator[Callable[[], Worker]]:
    """Starts workers, none of which outlives the test."""
    workers: list[Worker] = []

    def start() -> Worker:
        workers.append(Worker())
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()
