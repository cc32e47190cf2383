import os
import stat
from pathlib import Path

import pytest

from seqlm.atomic_write import write_atomically


def test_interrupted_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "latest"
    write_atomically(path, b"one")
    assert path.stat().st_mode & 0o777 == 0o600

    def refuse(fd: int) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="full"):
        write_atomically(path, b"two")
    assert path.read_bytes() == b"one"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["latest"]


def test_directory_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[bool] = []
    monkeypatch.setattr("os.fsync", lambda fd: flushed.append(stat.S_ISDIR(os.fstat(fd).st_mode)))
    write_atomically(tmp_path / "latest", b"one")
    assert flushed == [False, True]
