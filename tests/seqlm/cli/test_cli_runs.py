"""Runs that are shown without a worker, made of a log alone."""

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


def made(*events: Event, line: str = "names-mlp") -> RunDirectory:
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


def test_a_damaged_log_hides_no_other_run(asked, capsys) -> None:
    damaged, whole = made(), made()
    with damaged.events_path.open("ab") as log:
        log.write(b"no event\n")
    runs = {run["run"]: run["status"] for run in asked("runs")["runs"]}
    assert runs == {damaged.name: "unreadable", whole.name: "untrained"}
    assert run_command(["runs"]) == 0
    assert "unreadable" in capsys.readouterr().out


@pytest.mark.parametrize("by", [None, "someone"])
def test_the_steps_that_seconds_became_are_in_the_line_of_a_run(by: str | None) -> None:
    line = "names-mlp train.seconds=5"
    run = made(changed("train.steps", 700, 1800, by), line=line)
    assert recipe_as_run(run) == f"{line} train.steps=1800@700"


def test_a_planned_change_stands_once_in_the_line_of_a_run() -> None:
    line = "names-mlp train.steps=500 train.steps=900@400 train.learning_rate=0.01@300"
    run = made(
        changed("train.learning_rate", 300, 0.01, None),
        changed("train.steps", 400, 900, None),
        line=line,
    )
    assert recipe_as_run(run) == recipe.format_recipe(recipe.parse_recipe(line))


def test_of_two_changes_at_a_step_the_line_of_a_run_tells_the_one_that_held() -> None:
    line = "names-mlp train.learning_rate=0.01@300"
    by_hand = changed("train.learning_rate", 300, 0.5, "someone")
    run = made(by_hand, changed("train.learning_rate", 300, 0.01, None), line=line)
    assert recipe_as_run(run) == line
    run = made(changed("train.learning_rate", 300, 0.01, None), by_hand, line=line)
    assert recipe_as_run(run) == "names-mlp train.learning_rate=0.5@300"


def test_a_refused_text_from_standard_input_leaves_no_copy(
    refused, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(content: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode())))

    given("one\ntwo\nthree\n")
    assert "standard input has 3 lines" in refused("train", "-")
    for wrong in (["model.hidden=0"], ["hidden"], ["data.split=most"], ["--name", "../x"]):
        given("\n".join(f"{a}{b}" for a in "abcdef" for b in "uvwxyz"))
        refused("train", "-", *wrong)
    assert not home.exists()
