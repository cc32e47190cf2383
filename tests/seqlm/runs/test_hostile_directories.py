"""Run directories from someone else: nothing blocks, nothing outside is read or written, all is said."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_training_run import kill, losses_of, resume, start, train_to_end, train_until

from seqlm.cli.main import run as run_command
from seqlm.errors import SeqlmError
from seqlm.paths import runs_dir
from seqlm.runs.directory import RunDirectory, list_runs
from seqlm.runs.event_log import EventLogReader, read_last_events
from seqlm.runs.summary import summarize
from workbench.run.log_follower import LogFollower
from workbench.run.run_status import run_status_text

Recipe = Callable[..., str]
Damage = Callable[[RunDirectory], None]


def replaced(name: str, make: Callable[[Path], Any]) -> Damage:
    def damage(run: RunDirectory) -> None:
        (run.path / name).unlink(missing_ok=True)
        make(run.path / name)

    return damage


def changed(kind: str, key: str, value: object) -> Damage:
    """Change a field of the first event of a kind."""

    def damage(run: RunDirectory) -> None:
        lines = run.events_path.read_text().splitlines()
        at = next(i for i, line in enumerate(lines) if f'"kind":"{kind}"' in line)
        lines[at] = json.dumps({**json.loads(lines[at]), key: value})
        run.events_path.write_text("\n".join(lines) + "\n")

    return damage


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(8 << 30)


def zeros(path: Path) -> None:
    """Make a log that is small enough and has no end of a line."""
    with path.open("wb") as file:
        file.truncate(1 << 30)


def link_to_zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


DAMAGED = {
    "log-pipe": (
        replaced("events.jsonl", os.mkfifo),
        "events.jsonl cannot be opened: it is a pipe",
    ),
    "log-device": (
        replaced("events.jsonl", link_to_zero),
        "events.jsonl cannot be opened: it is a",
    ),
    "log-sparse": (replaced("events.jsonl", sparse), "allowed: at most 4,000,000,000"),
    "log-zeros": (replaced("events.jsonl", zeros), "a line of over 16,000,000 bytes"),
    "log-folder": (replaced("events.jsonl", Path.mkdir), "it is a folder, not a regular file"),
    "no-losses": (changed("StepsDone", "losses", []), "the value of losses is not allowed"),
    "text-as-step": (
        changed("Evaluated", "step", "many"),
        "step is text; expected: a whole number",
    ),
    "negative": (changed("StepsDone", "first_step", -3), "the value of first_step is not allowed"),
    "huge": (changed("StepsDone", "n_tokens", 10**40), "the value of n_tokens is not allowed"),
    "list-as-name": (
        changed("RunCreated", "run", []),
        "the value of run is a list; expected: text",
    ),
    "run-pipe": (replaced("run.json", os.mkfifo), "run.json cannot be opened: it is a pipe"),
    "run-device": (replaced("run.json", link_to_zero), "run.json cannot be opened: it is a link"),
    "run-sparse": (replaced("run.json", sparse), "allowed: at most 4,000,000"),
    "run-list": (
        replaced("run.json", lambda path: path.write_bytes(b"[1]")),
        "run.json is damaged: the value is a list; expected: an object",
    ),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, to be copied."""
    home = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SEQLM_HOME", str(home))
        line = "names-lstm model.hidden=4 model.embedding=2 train.batch=4 train.steps=8"
        return train_to_end(start(line, "made")).directory.path


@pytest.fixture
def copy(made: Path) -> Callable[[str], RunDirectory]:
    def copy_as(name: str) -> RunDirectory:
        shutil.copytree(made, runs_dir() / name)
        return RunDirectory(runs_dir() / name)

    return copy_as


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_run_is_listed_with_its_reason_beside_the_others(
    copy: Callable[[str], RunDirectory], capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    damage, reason = DAMAGED[kind]
    copy("whole")
    damaged = copy("damaged")
    damage(damaged)
    assert {run.name for run in list_runs()} == {"whole", "damaged"}
    assert run_command(["runs", "--json"]) == 0
    listed = {run["run"]: run for run in json.loads(capsys.readouterr().out)["runs"]}
    assert listed["whole"]["status"] == "finished"
    assert listed["damaged"]["status"] == "unreadable"
    assert reason in listed["damaged"]["problem"]
    assert "problem" not in listed["whole"]
    assert run_command(["show", "damaged"]) == 1
    assert reason in capsys.readouterr().err
    assert run_status_text(damaged, is_live=False).startswith("unreadable: ")
    with pytest.raises(SeqlmError):
        resume(TrainingRunOf(damaged))


class TrainingRunOf:
    """Arguments that :func:`resume` needs for a run that was not started here."""

    def __init__(self, directory: RunDirectory) -> None:
        self.directory = directory


@pytest.mark.parametrize("make", [os.mkfifo, link_to_zero, zeros])
def test_no_reader_of_a_log_waits_or_reads_without_end(
    tmp_path: Path, make: Callable[[Path], Any]
) -> None:
    path = tmp_path / "run" / "events.jsonl"
    path.parent.mkdir()
    make(path)
    follower = LogFollower(path)
    readers: list[Callable[[], Any]] = [
        EventLogReader(path).read,
        lambda: read_last_events(path),
        lambda: [follower.read() for _ in range(3)],
    ]
    for read in readers[: 1 if make is zeros else 3]:
        with pytest.raises(SeqlmError, match=r"run: events\.jsonl"):
            read()


@pytest.mark.parametrize("make", [os.mkfifo, link_to_zero, sparse])
def test_no_lock_is_waited_for(
    copy: Callable[[str], RunDirectory], make: Callable[[Path], Any]
) -> None:
    run = copy("locked")
    replaced("lock", make)(run)
    assert run.holder() is None
    assert summarize(run).summary.status == "finished"
    if make is not sparse:
        with pytest.raises(SeqlmError, match=r"lock (is a link|cannot be opened: it is a pipe)"):
            resume(TrainingRunOf(run), "train.steps=10")


LINKS = [
    "checkpoints",
    "lock",
    "events.jsonl",
    "worker.log",
    "test-looks.jsonl",
    "checkpoints/latest",
    "checkpoints/step-8",
    "checkpoints/step-8/weights.safetensors",
    "checkpoints/.step-9.1",
]


@pytest.mark.parametrize("name", LINKS)
def test_links_in_a_run_directory_are_not_followed_for_writing(
    copy: Callable[[str], RunDirectory], tmp_path: Path, name: str
) -> None:
    run = copy("linked")
    outside, link = tmp_path / "outside", run.path / name
    if link.exists():
        link.rename(outside)
    else:
        outside.write_text("mine")
    link.symlink_to(outside)
    before = contents(outside)
    with pytest.raises(SeqlmError, match=f"linked: {name} is a link; a run directory with links"):
        resume(TrainingRunOf(run), "train.steps=10")
    if name == "test-looks.jsonl":
        with pytest.raises(SeqlmError, match=r"test-looks\.jsonl cannot be opened: it is a link"):
            run.note_test_look(8)
    assert contents(outside) == before


def contents(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else [found for found in path.rglob("*") if found.is_file()]
    return {str(file): file.read_bytes() for file in files}


def test_run_directory_that_is_a_link_itself_can_be_resumed(
    copy: Callable[[str], RunDirectory], tmp_path: Path
) -> None:
    run = copy("elsewhere")
    run.path.rename(tmp_path / "large-disk")
    run.path.symlink_to(tmp_path / "large-disk")
    assert len(losses_of(train_to_end(resume(TrainingRunOf(run), "train.steps=10")))) == 10


def test_folder_of_another_machine_can_be_resumed(small: Recipe, tmp_path: Path) -> None:
    whole = train_to_end(start(small(steps=30), "whole"))
    run = start(small(steps=30), "cut")
    train_until(run, 10)
    run.save()
    train_until(run, 20)
    kill(run)
    copied = tmp_path / "from-there"
    shutil.copytree(run.directory.path, copied)
    shutil.rmtree(run.directory.path)
    again = train_to_end(resume(TrainingRunOf(RunDirectory(copied))))
    assert losses_of(again) == losses_of(whole)


@pytest.mark.parametrize(
    ("key", "value"),
    [("train.learning_rate", "much"), ("train.learning_rate", -1), ("train.steps", [5])],
)
def test_wrong_values_in_a_checkpoint_are_named(
    copy: Callable[[str], RunDirectory], key: str, value: object
) -> None:
    run = copy("wrong")
    path = run.checkpoints_path / "step-8" / "checkpoint.json"
    record = json.loads(path.read_bytes())
    record["position"]["values"][key] = value
    del record["sha256"]["checkpoint.json"]  # as in old checkpoints
    path.write_text(json.dumps(record))
    with pytest.raises(SeqlmError, match=f"step-8 is damaged: {key} is .*; allowed: "):
        resume(TrainingRunOf(run), "train.steps=10")


def test_wrong_value_in_a_logged_change_is_named(copy: Callable[[str], RunDirectory]) -> None:
    run = copy("wrong")
    with run.events_path.open("a") as log:
        log.write(
            '{"kind":"ValueChanged","seq":999,"step":8,"key":"train.clip","old":1,"new":"x"}\n'
        )
    with pytest.raises(
        SeqlmError, match=r"the event log is damaged: train\.clip is 'x'; allowed: "
    ):
        resume(TrainingRunOf(run), "train.steps=10")
