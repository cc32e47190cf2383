"""Corpus ``python``: source code of the standard library of the running Python."""

import os
from pathlib import Path

from seqlm import errors
from seqlm.data.text_io import Progress

TARGET_BYTES = 4_000_000
# Tests, installed packages, and generated tables.
_SKIPPED_FOLDERS = {
    *("test", "tests", "idle_test"),
    *("site-packages", "dist-packages", "__pycache__"),
    *("encodings", "pydoc_data"),
}


def python_source(progress: Progress | None = None) -> bytes:
    """Return concatenated source files of the standard library, about four million bytes.

    Whole files are used in the order of their paths, without tests and installed packages. The same
    Python installation gives the same bytes.

    Args:
        progress: Called after each file with the bytes read and the expected size.

    Raises:
        RequestError: This Python has no source files.
    """
    import sysconfig

    folder = Path(sysconfig.get_paths()["stdlib"])
    parts: list[bytes] = []
    n_bytes = 0
    for path in _list_source_files(folder):
        raw = _read_source(path)
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


def _list_source_files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED_FOLDERS]
        found += [Path(parent, name) for name in files if _is_wanted(name)]
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


def _is_wanted(name: str) -> bool:
    # _sysconfigdata is generated when Python is built and holds paths and compiler flags.
    return name.endswith(".py") and not name.startswith("_sysconfigdata")


def _read_source(path: Path) -> bytes:
    """Return the bytes of a file with a final line feed; empty if it is not readable UTF-8 text."""
    try:
        raw = path.read_bytes()
        raw.decode()
    except (OSError, UnicodeDecodeError):
        return b""
    if b"\0" in raw:
        return b""
    return raw if raw.endswith(b"\n") or not raw else raw + b"\n"
