"""What the teaching texts show: counting, recall, a greeting, words. Minutes; by hand."""

import statistics
from pathlib import Path

import pytest
from ladder import batch_losses, evaluated, train

import seqlm
from seqlm.data.entropy import exact_entropy
from seqlm.runs.summary import Summary

pytestmark = pytest.mark.ladder

N_NUMBERS, LONGEST_PROMPT = 128, 20
NEVER_FIRST = range(122, N_NUMBERS)
"""Six numbers in a row cannot begin with these, so alone they say nothing that was taught."""


@pytest.mark.parametrize("seed", range(5))
def test_counting_goes_on_for_longer_than_it_was_taught(seed: int) -> None:
    summary = train("counting", f"seed={seed}")
    model = seqlm.load(summary.run)
    for length in range(1, LONGEST_PROMPT + 1):
        for first in range(N_NUMBERS - length):
            if length == 1 and first in NEVER_FIRST:
                continue
            after = model.predict(" ".join(map(str, range(first, first + length))))
            assert max(after, key=after.__getitem__) == str(first + length)
    assert summary.cpu_seconds < 5


def test_the_greeting_is_known_by_heart() -> None:
    summary = train("hello")
    assert summary.train_loss is not None
    assert summary.train_loss < 0.1
    (sample,) = seqlm.load(summary.run).sample(1, prompt="H", length=10, top_k=1)
    assert sample.text == "Hello, RNN!"


RECALL = ("recall-elman", "recall-gru", "recall-lstm", "recall-lstm-library")


def test_the_first_element_is_recalled_where_the_forget_gate_begins_open() -> None:
    """Equal steps and hidden size, median of 3 seeds; chance is 12.5 %."""
    found: dict[tuple[str, int], float] = {}
    for n in (10, 20, 40, 80):
        for name in RECALL:
            runs = [train(name, f"data.length={n}", f"seed={seed}") for seed in range(3)]
            found[name, n] = statistics.median(evaluated(run.run).accuracy for run in runs)
            print(f"\nrecall n={n:<3} {name:20} {found[name, n]:.1%}", end="")
    assert found["recall-lstm", 40] >= 0.99
    assert found["recall-lstm-library", 40] <= 0.5
    assert found["recall-elman", 40] <= 0.5


def test_words_are_better_with_the_state_carried_and_not_as_bare_numbers() -> None:
    carried, reset = train("words"), train("words-reset")
    scored = {
        (kind, every): evaluated(summary.run, reset_every=every).loss
        for kind, summary in (("carried", carried), ("reset", reset))
        for every in (None, 8)
    }
    print(f"\ntrained, forgotten every: {scored}", end="")
    assert scored["reset", 8] - scored["carried", None] >= 0.05
    assert loss(train("words-scalar")) > loss(train("words-one-hot")) + 0.5


def test_a_network_comes_near_the_entropy_of_the_grammar() -> None:
    perfect = exact_entropy("grammar", "char")
    assert perfect is not None
    target = 1.05 * perfect
    assert loss(train("grammar-lstm", target=target)) <= target


def test_one_linear_layer_ends_where_counting_does() -> None:
    assert loss(train("names-bigram-net")) == pytest.approx(loss(train("names-bigram")), abs=0.01)


def test_one_batch_is_learned_by_heart_but_not_to_nothing() -> None:
    summary = train("one-batch")
    assert 0 < batch_losses(summary.run)[-1] < 0.4


def test_all_examples_at_once_fall_and_a_bad_beginning_is_above_15() -> None:
    assert loss(train("names-full-batch")) < 2.9
    assert batch_losses(train("names-bad-init").run)[0] > 15


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("shakespeare-ngram", 1.52),
        ("shakespeare-lstm", 1.469),
        ("shakespeare-gru", 1.52),
        ("shakespeare-mlp", 1.63),
        ("shakespeare-transformer", 1.62),
    ],
)
def test_plays(name: str, target: float, shared_data: Path) -> None:
    text = f"data.corpus={shared_data / 'tinyshakespeare.txt'}"
    assert loss(train(name, text, target=target)) <= target


def loss(summary: Summary) -> float:
    assert summary.val_loss is not None
    return summary.val_loss
