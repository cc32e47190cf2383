"""A data folder that cannot be used is one sentence with its path and the remedy."""

import subprocess
from pathlib import Path

import pytest

WORDS = (
    "runs",
    "show latest",
    "train names-mlp",
    "train names-mlp --name mine",
    "resume x",
    "eval x",
)
REMEDY = "; set SEQLM_HOME to a folder that you can write\n"


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize(
    ("home", "cause"),
    [
        ("file", "this is a file, not a folder"),
        ("file/below", "a part of this path is a file, not a folder"),
        ("/".join(["x" * 200] * 25), "the path is too long"),
    ],
    ids=["file", "below a file", "too long"],
)
def test_a_data_folder_that_cannot_be_used_is_named_with_the_remedy(
    home: str, cause: str, words: str, run_rejected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / home
    monkeypatch.setenv("SEQLM_HOME", str(path))
    said = run_rejected(*words.split())
    assert said.startswith(f"seqlm: error: the data folder {str(path)[:80]}")
    assert said.endswith(f" cannot be used: {cause}{REMEDY}")
    assert len(said) < 400


def test_a_full_disk_is_said_in_words_when_a_run_starts(
    run_rejected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "tiny"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(home)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    try:
        monkeypatch.setenv("SEQLM_HOME", str(home))
        with (home / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096) == 4096:
                if filler.tell() == 60 * 1024:
                    break
        said = run_rejected("train", "hello", status=1)
        assert "disk full; free some space" in said
        assert "Errno" not in said
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)
