"""What is said on standard error while a run goes."""

import math

import pytest

from seqlm.cli import progress
from seqlm.runs.summary import Standing, Summary


def test_of_losses_nothing_is_said_before_the_first_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show = progress._Lines()
    show(Standing(summary=Summary(run="a-1"), steps_planned=50))
    broken = Summary(run="a-1", steps=7, status="diverged", best_val_loss=2.5)
    show(Standing(summary=broken, steps_planned=50, batch_loss=math.nan))
    assert capsys.readouterr().err.splitlines() == [
        "a-1: step 0 / 50",
        "a-1: step 7 / 50  batch nan  best val 2.5000",
    ]
