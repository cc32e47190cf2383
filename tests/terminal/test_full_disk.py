"""A full disk is said on every screen, and training continues when there is room."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from workbench_program import Workbench, end_workers

Start = Callable[..., Workbench]


@pytest.fixture
def tiny(home: Path) -> Iterator[Path]:
    """A data folder on a file system of 6 MB."""
    folder = home / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    yield folder
    end_workers(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_on_every_screen_until_there_is_room(start: Start, tiny: Path) -> None:
    places = {"SEQLM_HOME": str(tiny)}
    first = start(environment=places)
    first.wait_for("names-mlp", "uniform", "quit")
    first.press(" ")
    first.wait_for("● training", "steps/s")
    filler = tiny / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as out:
        while True:
            out.write(b"x" * 512)
    second = start(environment=places)
    for screen in (first, second):
        screen.wait_for("Disk full: training waits at step", "‖ paused")
    first.press("[")
    first.wait_for("train.learning_rate was not changed: disk full")
    first.press(" ")
    first.wait_for("Disk full: training waits at step", "‖ paused")
    filler.unlink()
    for screen in (first, second):
        screen.wait_for("training  step")
        screen.wait_until(lambda seen: "isk full" not in seen, "the end of the message")
