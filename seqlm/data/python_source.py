"""The corpus that every user already has: the source of the Python that runs this program."""

import os
from pathlib import Path

from seqlm import errors
from seqlm.data.text_io import Progress

TARGET_BYTES = 4_000_000
# Tests, what others installed, and tables that a program wrote.
_SKIPPED_FOLDERS = {
    *("test", "tests", "idle_test"),
    *("site-packages", "dist-packages", "__pycache__"),
    *("encodings", "pydoc_data"),
}


def python_source(progress: Progress | None = None) -> bytes:
    """Source files of the standard library one after the other, about four million bytes.

    Whole files in the order of their paths, without tests and installed packages; the same Python
    gives the same bytes.

    Raises:
        RequestError: This Python came without source files.
    """
    import sysconfig

    folder = Path(sysconfig.get_paths()["stdlib"])
    parts: list[bytes] = []
    n_bytes = 0
    for path in _source_files(folder):
        raw = _source(path)
        parts.append(raw)
        n_bytes += len(raw)
        if progress is not None:
            progress(n_bytes, max(n_bytes, TARGET_BYTES))
        if n_bytes >= TARGET_BYTES:
            break
    if not n_bytes:
        raise errors.RequestError(
            f"this Python has no source files in {folder}. Give the path of a text file.", "python"
        )
    return b"".join(parts)


def _source_files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED_FOLDERS]
        found += [Path(parent, name) for name in files if _is_wanted(name)]
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


def _is_wanted(name: str) -> bool:
    # _sysconfigdata is written when Python is built: paths and compiler flags, no program.
    return name.endswith(".py") and not name.startswith("_sysconfigdata")


def _source(path: Path) -> bytes:
    """A file's bytes ending with a line end; none where it cannot be read or is not UTF-8."""
    try:
        raw = path.read_bytes()
        raw.decode()
    except (OSError, UnicodeDecodeError):
        return b""
    if b"\0" in raw:
        return b""
    return raw if raw.endswith(b"\n") or not raw else raw + b"\n"
