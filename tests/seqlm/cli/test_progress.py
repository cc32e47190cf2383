"""Progress messages on standard error during training."""

import pytest

from seqlm.cli import progress
from seqlm.runs.summary import RunProgress, RunSummary


def test_progress_has_no_losses_before_the_first_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show = progress._Lines()
    show(RunProgress(summary=RunSummary(run="a-1"), steps_planned=50))
    broken = RunSummary(run="a-1", steps=7, status="diverged", best_val_loss=2.5)
    show(RunProgress(summary=broken, steps_planned=50))
    assert capsys.readouterr().err.splitlines() == [
        "a-1: step 0 / 50",
        "a-1: step 7 / 50  best val 2.5000",
    ]
