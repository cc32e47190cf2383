"""``seqlm lr-find``: a learning-rate range test that leaves no files."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.cli.lr_find import useful_range

SMALL = ("model.hidden=16", "model.embedding=4", "train.batch=8")


def test_lr_find_prints_the_documented_json_fields(run_json, home) -> None:
    found = run_json("lr-find", "names-mlp", *SMALL)
    assert list(found) == ["suggestion", "learning_rates", "losses"]
    rates = found["learning_rates"]
    assert rates == sorted(rates)
    assert len(rates) == len(found["losses"]) <= 100
    assert 1e-5 <= found["suggestion"] <= 10
    assert found == run_json("lr-find", "names-mlp", *SMALL)
    assert not home.exists()


def test_lr_find_prints_losses_and_the_reason(capsys, home) -> None:
    from seqlm.cli.main import run

    assert run(["lr-find", "names-mlp", *SMALL, "train.optimizer=adam"]) == 0
    out, err = capsys.readouterr()
    assert "Try train.learning_rate=" in out
    assert "steepest decrease of the smoothed loss" in out
    rates = [line.split()[0] for line in out.splitlines() if "<- try" in line]
    assert rates == re.findall(r"learning_rate=([\d.e-]+):", out)
    rows = re.findall(r"^ +[\d.e-]+ +\d+\.\d{4} .*", out, re.M)
    bars = [row.count("#") for row in rows]
    assert min(bars) < 5
    assert max(bars) > 35
    assert err.startswith("lr-find: step 25 / 100  rate ")
    assert not home.exists()


@given(st.lists(st.floats(0, 1e6) | st.just(math.nan) | st.just(math.inf), min_size=1))
def test_plot_range_is_the_lowest_loss_and_the_highest_before_it(losses: list[float]) -> None:
    low, high = useful_range(losses)
    assert low < high
    finite = [loss for loss in losses if math.isfinite(loss)]
    if finite:
        assert low == min(finite)
    assert useful_range([3.0, 3.5, 2.0, 9.0]) == (2.0, 3.5)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["names-ngram"], "model.kind=ngram counts tokens"),
        (["names-mpl"], "Nearest: names-mlp"),
        (["names-mlp", "train.momentum=1"], "train.momentum=1 is not valid"),
        (["names-mlp", "model.context=1000000"], "model.context"),
    ],
)
def test_lr_find_rejects_invalid_requests(words, says, run_rejected, home) -> None:
    assert says in run_rejected("lr-find", *words)
    assert not home.exists()
