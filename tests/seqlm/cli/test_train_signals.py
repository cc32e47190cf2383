"""Signals to ``seqlm train`` in the foreground."""

import os
import signal
import subprocess
import sys

import pytest

from seqlm.runs.directory import find_run
from seqlm.runs.summary import summarize

COMMAND = [sys.executable, "-P", "-c", "from seqlm.cli import main; main()"]
LONG = ["names-mlp", "model.hidden=8", "train.steps=1000000", "train.pace=100", "--name", "mine"]
DEADLINE_S = 60


@pytest.fixture
def training():
    """A ``seqlm train`` that has reported its first steps."""
    process = subprocess.Popen([*COMMAND, "train", *LONG], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "step" in process.stderr.readline()
    yield process
    process.stderr.close()
    if (lock := find_run("mine").holder()) is not None:
        os.kill(lock.pid, signal.SIGKILL)


def test_sigterm_saves_a_checkpoint_and_stops_as_ctrl_c_does(training) -> None:
    training.send_signal(signal.SIGTERM)
    assert "Saving a checkpoint and stopping." in training.stderr.read()
    assert training.wait(DEADLINE_S) == 130
    run = find_run("mine")
    assert run.holder() is None
    summary = summarize(run).summary
    assert summary.status == "stopped"
    saved = run.checkpoints_path / f"step-{summary.steps}" / "training.safetensors"
    assert saved.exists()


def test_after_sighup_training_goes_on(training) -> None:
    training.send_signal(signal.SIGHUP)
    assert training.wait(DEADLINE_S) == -signal.SIGHUP
    run = find_run("mine")
    assert run.holder() is not None
    assert summarize(run).summary.status == "training"
