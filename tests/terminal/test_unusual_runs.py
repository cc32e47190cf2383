"""Runs of older versions and damaged runs before a person: the screen shows them and stays alive."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostile_run import append
from msgspec.structs import replace
from pty_program import SEQLM, Program
from workbench_program import Workbench

from seqlm.presets import preset_config
from seqlm.protocol import events
from seqlm.runs.directory import CorpusRecord, Manifest, RunDirectory

Start = Callable[..., Workbench]
OLD = "names-mlp-old"


def write_run(home: Path, name: str, preset: str) -> RunDirectory:
    run = RunDirectory(home / "runs" / name)
    run.path.mkdir(parents=True)
    run.write_manifest(
        Manifest(
            run=name,
            recipe=f"{preset} seed=7",
            config=replace(preset_config("names-mlp"), preset=preset, seed=7),
            corpus=CorpusRecord(name="names", n_bytes=1, sha256="0"),
            created_t=1.7e9,
            versions={},
        )
    )
    values: dict[str, Any] = {"learning_rate": 0.1, "train_s": 1.0, "cpu_s": 1.0, "n_tokens": 5}
    append(
        run.events_path,
        [
            events.RunCreated(
                run=name,
                recipe=f"{preset} seed=7",
                preset=preset,
                n_parameters=11_897,
                n_vocab=27,
                n_targets={"train": 9, "val": 9},
                steps_planned=5,
            ),
            events.StepsDone(first_step=1, losses=[3.0] * 5, **values),
            events.Ended(step=5, status="finished"),
        ],
    )
    return run


def test_run_whose_preset_no_longer_exists_is_shown(start: Start, home: Path) -> None:
    write_run(home, "old", OLD)
    program = start("old")
    program.wait_for("old", "finished", OLD, "names-mlp seed=7")
    shown = Program([*SEQLM, "show", "old"], {"SEQLM_HOME": str(home)}, columns=200)
    assert shown.wait_for_end() == 0
    assert "names-mlp seed=7" in shown.screen()
    assert program.is_alive


@pytest.mark.parametrize("file", ["run.json", "events.jsonl"])
def test_damaged_run_is_listed_with_its_reason(start: Start, home: Path, file: str) -> None:
    write_run(home, "whole", "names-mlp")
    damaged = write_run(home, "damaged", "names-mlp")
    (damaged.path / file).unlink()
    os.mkfifo(damaged.path / file)
    program = start("whole")
    program.wait_for("finished")
    program.press("o")
    program.wait_for("whole", "damaged", f"unreadable: {file} cannot be opened")
    assert program.is_alive
