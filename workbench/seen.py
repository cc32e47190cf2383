"""How far a run was when its screen was left, so that coming back can tell what happened meanwhile."""

import contextlib

from seqlm.home import home


def remember(run: str, step: int) -> None:
    """Keep the step at which a run was last seen. Where nothing can be written, nothing is kept."""
    with contextlib.suppress(OSError):
        folder = home() / "seen"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / run).write_text(str(step))


def take(run: str) -> int | None:
    """The step at which a run was last left, told once."""
    path = home() / "seen" / run
    try:
        step = int(path.read_text())
        path.unlink()
    except (OSError, ValueError):
        return None
    return step
