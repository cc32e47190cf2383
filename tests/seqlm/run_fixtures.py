"""Fixtures that give each test its own data folder, socket folder, corpus and workers."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from worker_process import PACKAGE_ROOT, Worker


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rt").mkdir(mode=0o700)
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEQLM_SOCKETS", str(tmp_path / "rt"))
    paths = [str(PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Write a file of 200 short made-up names."""
    rng = random.Random(0)
    syllables = ["an", "bel", "co", "da", "el", "fi", "ga", "lo", "mi", "ra"]
    items = ["".join(rng.choices(syllables, k=rng.randint(1, 3))) for _ in range(700)]
    path = tmp_path / "made-up.txt"
    path.write_text("\n".join(list(dict.fromkeys(items))[:200]) + "\n")
    return path


@pytest.fixture
def small(corpus: Path) -> Callable[..., str]:
    """Return a function that gives the recipe of a small LSTM on that file, with further settings."""

    def format_recipe(*words: str, steps: int = 120) -> str:
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

    return format_recipe


@pytest.fixture
def spawn() -> Iterator[Callable[[], Worker]]:
    """Return a function that starts a worker; all workers are killed after the test."""
    workers: list[Worker] = []

    def start() -> Worker:
        workers.append(Worker())
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()
