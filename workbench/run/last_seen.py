"""Step at which the screen of a run was closed, to report later what happened in the meantime."""

import contextlib
from pathlib import Path, PurePath

from seqlm.paths import home


def remember(run: str, step: int) -> None:
    """Save the step at which a run was last seen, if the file can be written."""
    with contextlib.suppress(OSError):
        path = _path(run)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(step))


def pop(run: str) -> int | None:
    """Return the step at which a run was last seen, and delete it."""
    path = _path(run)
    try:
        step = int(path.read_text())
        path.unlink()
    except (OSError, ValueError):
        return None
    return step


def _path(run: str) -> Path:
    """A log may call its run what it likes: only the last part of that counts."""
    return home() / "seen" / PurePath(run).name
