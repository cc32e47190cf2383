"""The command that looks for a learning rate, and leaves nothing behind."""

import pytest

SMALL = ("model.hidden=16", "model.embedding=4", "train.batch=8")


def test_it_prints_the_record_of_the_contract(asked, home) -> None:
    found = asked("lr-find", "names-mlp", *SMALL)
    assert list(found) == ["suggestion", "learning_rates", "losses"]
    rates = found["learning_rates"]
    assert rates == sorted(rates)
    assert len(rates) == len(found["losses"]) <= 100
    assert 1e-5 <= found["suggestion"] <= 10
    assert found == asked("lr-find", "names-mlp", *SMALL)
    assert not home.exists()


def test_it_shows_the_losses_and_says_why(capsys, home) -> None:
    from seqlm.cli.main import run

    assert run(["lr-find", "names-mlp", *SMALL, "train.optimizer=adam"]) == 0
    out, err = capsys.readouterr()
    assert "Try train.learning_rate=" in out
    assert "steepest fall of the smoothed loss" in out
    assert "#####" in out
    assert err.startswith("lr-find: step 25 / 100  rate ")
    assert not home.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["names-ngram"], "model.kind=ngram learns by counting"),
        (["names-mpl"], "Nearest: names-mlp"),
        (["names-mlp", "train.momentum=1"], "train.momentum=1 is not possible"),
        (["names-mlp", "model.context=1000000"], "model.context"),
    ],
)
def test_what_cannot_be_swept_is_refused(words, says, refused, home) -> None:
    assert says in refused("lr-find", *words)
    assert not home.exists()
