import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from workbench_program import Workbench, end_workers


@pytest.fixture
def home() -> Iterator[Path]:
    """Return an empty home with a short path, because socket paths are limited in length."""
    folder = Path(tempfile.mkdtemp(prefix="seqlm-"))
    yield folder
    end_workers(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Workbench]]:
    """Return a function that starts ``seqlm-tui`` in a terminal; it is ended after the test."""
    started: list[Workbench] = []

    def start_program(*words: str | bytes, **options: Any) -> Workbench:
        started.append(Workbench(home, *words, **options))
        return started[-1]

    yield start_program
    for program in started:
        program.close()
