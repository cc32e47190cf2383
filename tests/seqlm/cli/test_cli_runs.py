"""Commands that show runs without a worker; the runs are event logs written by hand."""

import io
import time
from pathlib import Path

import pytest

from seqlm.cli.main import run as run_command
from seqlm.cli.runs import recipe_as_run
from seqlm.protocol.events import Event, ValueChanged
from seqlm.runs.directory import CorpusRecord, Manifest, RunDirectory, create
from seqlm.runs.event_log import EventLogWriter
from seqlm.runspec import recipe


def write_run(*events: Event, line: str = "names-mlp") -> RunDirectory:
    run = create("names-mlp")
    config = recipe.parse_recipe(line)
    run.write_manifest(
        Manifest(
            run=run.name,
            recipe=line,
            config=config,
            corpus=CorpusRecord(name="names", n_bytes=1, sha256="0"),
            created_t=time.time(),
            versions={},
        )
    )
    journal = EventLogWriter(run.events_path)
    for event in events:
        journal.append(event)
    journal.close()
    return run


def changed(key: str, step: int, new: float, by: str | None) -> ValueChanged:
    return ValueChanged(step=step, key=key, old=None, new=new, command_id=by)


def test_damaged_log_does_not_hide_other_runs(run_json, capsys) -> None:
    damaged, whole = write_run(), write_run()
    with damaged.events_path.open("ab") as log:
        log.write(b"no event\n")
    runs = {run["run"]: run["status"] for run in run_json("runs")["runs"]}
    assert runs == {damaged.name: "unreadable", whole.name: "untrained"}
    assert run_command(["runs"]) == 0
    assert "unreadable" in capsys.readouterr().out


def test_a_hostile_name_of_a_run_does_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = write_run()
    name = "tab\there\x1b[2J\x9b31m" + "e" + "\u0301" * 12
    run.path.rename(run.path.parent / name)
    for command in (["runs"], ["show", "tab"], ["show", "absent\t" + "a" + "\u0300" * 9]):
        run_command(command)
        out, err = capsys.readouterr()
        assert "tab" in out + err
        assert not set(out + err) & {"\t", "\x1b", "\x9b"}
        assert "\u0301" * 4 not in out + err
        assert "\u0300" * 4 not in out + err


@pytest.mark.parametrize("by", [None, "someone"])
def test_recipe_contains_the_steps_computed_from_a_time_limit(by: str | None) -> None:
    line = "names-mlp train.seconds=5"
    run = write_run(changed("train.steps", 700, 1800, by), line=line)
    assert recipe_as_run(run) == f"{line} train.steps=1800@700"


def test_scheduled_change_occurs_once_in_the_recipe() -> None:
    line = "names-mlp train.steps=500 train.steps=900@400 train.learning_rate=0.01@300"
    run = write_run(
        changed("train.learning_rate", 300, 0.01, None),
        changed("train.steps", 400, 900, None),
        line=line,
    )
    assert recipe_as_run(run) == recipe.format_recipe(recipe.parse_recipe(line))


def test_recipe_contains_the_last_of_two_changes_at_one_step() -> None:
    line = "names-mlp train.learning_rate=0.01@300"
    by_hand = changed("train.learning_rate", 300, 0.5, "someone")
    run = write_run(by_hand, changed("train.learning_rate", 300, 0.01, None), line=line)
    assert recipe_as_run(run) == line
    run = write_run(changed("train.learning_rate", 300, 0.01, None), by_hand, line=line)
    assert recipe_as_run(run) == "names-mlp train.learning_rate=0.5@300"


def test_rejected_standard_input_is_not_stored(
    run_rejected, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def set_standard_input(content: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode())))

    set_standard_input("one\ntwo\nthree\n")
    assert "standard input has 3 lines" in run_rejected("train", "-", "data.split=80/10/10")
    for wrong in (["model.hidden=0"], ["hidden"], ["data.split=most"], ["--name", "../x"]):
        set_standard_input("\n".join(f"{a}{b}" for a in "abcdef" for b in "uvwxyz"))
        run_rejected("train", "-", *wrong)
    assert not home.exists()
