"""Any arguments and any standard streams give a result, or one clear line and the right exit status."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seqlm.paths import runs_dir

RECORDED = Path(__file__).parents[1] / "runs" / "recorded"
MAIN = f"{sys.executable} -c 'from seqlm.cli.main import main; main()'"
NOT_UTF8, LONG = "\udcff\udcfe", "x" * 5000
RUN_COMMANDS = ("show", "pause", "stop", "resume", "set", "eval", "predict", "sample", "score")
REST = {"set": ["train.pace=9"], "predict": ["a"], "score": ["ab"]}


@pytest.fixture(autouse=True)
def _runs(home: Path) -> None:
    shutil.copytree(RECORDED / "finished-mlp", runs_dir() / "finished-mlp")


@pytest.mark.parametrize(
    "name", [NOT_UTF8, "🎲é漢", LONG, f"./{LONG}", "../x", ".", "", "\x1b[31m", "\n"]
)
@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_any_name_of_a_run_is_answered_in_one_short_line(
    command: str, name: str, run_rejected
) -> None:
    error = run_rejected(command, name, *REST.get(command, []))
    assert len(error) < 400
    assert error[:-1].isprintable()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([LONG], "is not a command. One of: data, eval"),
        (["train", LONG], "is not a preset, a file or a run. All names: seqlm presets, seqlm runs"),
        (["train", ""], "'' is not a preset, a file or a run. All names: seqlm presets"),
        (["train", NOT_UTF8], "is not a preset, a file or a run"),
        (
            ["train", "names-mlp", f"train.steps={LONG}"],
            "is not valid; allowed: 1 to 1,000,000,000",
        ),
        (["presets", "foo"], "'foo' is not a preset. All names: seqlm presets"),
        (["data"], "are required: list|show|fetch (help: seqlm data --help)"),
        (
            ["data", "list", "names"],
            "data list takes no corpus; did you mean: seqlm data show names",
        ),
        (["data", "show", ""], "data show needs a corpus: names, python"),
        (["train"], "are required: PRESET|FILE|- (help: seqlm train --help)"),
        (["show"], "are required: RUN (help: seqlm show --help)"),
        (["resume"], "are required: RUN (help: seqlm resume --help)"),
        (
            ["predict", "latest", NOT_UTF8],
            r"argument PROMPT: '\udcff\udcfe' is not valid UTF-8 (help",
        ),
        (["sample", "latest", "--prompt", NOT_UTF8], "argument --prompt:"),
        (["score", "latest", NOT_UTF8], "is not valid UTF-8"),
    ],
)
def test_a_wrong_argument_is_one_short_line_with_the_remedy(
    words: list[str], says: str, run_rejected
) -> None:
    error = run_rejected(*words)
    assert says in error
    assert len(error) < 400


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        ("presets >&-", 0, ""),
        ("presets --json >&-", 0, ""),
        ("runs >&- 2>&-", 0, ""),
        ("show nosuch 2>&-", 2, ""),
        ("train - <&-", 2, "standard input is empty"),
        ("presets --json | head -c 1 >/dev/null", 0, ""),
        ("presets names-mlp >/dev/full", 1, "disk full"),
    ],
)
def test_closed_and_full_streams_are_no_crash(command: str, status: int, says: str) -> None:
    shell = ["bash", "-o", "pipefail", "-c", f"{MAIN} {command}"]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert done.stderr.count("\n") == (1 if says else 0)


def test_a_file_name_that_is_not_utf8_is_refused(run_rejected) -> None:
    Path(f"{NOT_UTF8}.txt").write_text("ab\ncd\n" * 50)
    assert "is not valid UTF-8; rename the file" in run_rejected("train", f"{NOT_UTF8}.txt")
