"""How far a run was when its screen was left, so that coming back can tell what happened meanwhile."""

import contextlib
from pathlib import Path, PurePath

from seqlm.paths import home


def remember(run: str, step: int) -> None:
    """Keep the step at which a run was last seen. Where nothing can be written, nothing is kept."""
    with contextlib.suppress(OSError):
        path = _path(run)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(step))


def pop(run: str) -> int | None:
    """The step at which a run was last left, told once."""
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
