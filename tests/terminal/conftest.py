import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from workbench_program import Workbench, end_workers


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home. Its path is short, as the paths of sockets must be."""
    folder = Path(tempfile.mkdtemp(prefix="seqlm-"))
    yield folder
    end_workers(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Workbench]]:
    """Starts ``seqlm-tui`` with these words in a terminal; at the end it is ended."""
    started: list[Workbench] = []

    def begin(*words: str | bytes, **options: Any) -> Workbench:
        started.append(Workbench(home, *words, **options))
        return started[-1]

    yield begin
    for program in started:
        program.close()
