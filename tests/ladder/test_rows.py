"""The rows of the ladder: what a rung reached, and on which side of the best counts that is."""

import pytest
from ladder import print_row

from seqlm.runs.summary import RunSummary


@pytest.mark.parametrize(
    ("rung", "loss", "says"),
    [
        (("names-mlp",), 2.337, "above the best counts (2.143)"),
        (("names-lstm", "seed=1"), 2.11, "below the best counts (2.143)"),
        (
            ("names-lstm", "data.corpus=/a/names.txt", "data.deduplicate=false"),
            1.92,
            "below the best counts (1.974)",
        ),
        (
            ("shakespeare-mlp", "data.corpus=/a/tinyshakespeare.txt"),
            1.6,
            "above the best counts (1.516)",
        ),
        (("names-lstm", "data.corpus=/a/mine.txt"), 1.6, ""),
        (("names-ngram",), 2.143, ""),
    ],
)
def test_a_network_above_the_best_counts_says_so(
    rung: tuple[str, ...], loss: float, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_row(rung, RunSummary(run="r", val_loss=loss), None)
    row = capsys.readouterr().out
    assert says in row
    assert ("best counts" in row) == bool(says)


def test_one_batch_is_told_by_its_batch(capsys: pytest.CaptureFixture[str]) -> None:
    learned = RunSummary(
        run="r", judged_on="batch", batch_loss=0.0906, val_loss=9.5, train_loss=9.4
    )
    print_row(("one-batch",), learned, None)
    assert "batch 0.0906  target 0.0910" in capsys.readouterr().out
