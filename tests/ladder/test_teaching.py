"""Presets for teaching: counting, recall, greeting, words. Takes minutes; run by hand."""

import statistics
from pathlib import Path

import pytest
from ladder import batch_losses, evaluated, reached, train

import seqlm
from seqlm.data.grammar import exact_entropy
from seqlm.runs.summary import RunSummary

pytestmark = pytest.mark.ladder

two_seeds = pytest.mark.parametrize("seed", ["seed=0", "seed=1"])

N_NUMBERS, LONGEST_PROMPT = 128, 20
NEVER_FIRST = range(123, N_NUMBERS)
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


@two_seeds
def test_the_greeting_is_known_by_heart(seed: str) -> None:
    summary = train("hello", seed)
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


@two_seeds
def test_words_are_better_with_the_state_carried_and_not_as_bare_numbers(seed: str) -> None:
    carried, reset = train("words", seed), train("words-reset", seed)
    scored = {
        (kind, every): evaluated(summary.run, reset_every=every).loss
        for kind, summary in (("carried", carried), ("reset", reset))
        for every in (None, 8)
    }
    print(f"\ntrained, forgotten every: {scored}", end="")
    assert scored["reset", 8] - scored["carried", None] >= 0.05
    assert loss(train("words-scalar", seed)) > loss(train("words-one-hot", seed)) + 0.5


@two_seeds
def test_a_network_comes_near_the_entropy_of_the_grammar(seed: str) -> None:
    perfect = exact_entropy("grammar", "char")
    assert perfect is not None
    target = 1.05 * perfect
    assert loss(train("grammar-lstm", seed, target=target)) <= target


@two_seeds
def test_one_linear_layer_ends_where_counting_does(seed: str) -> None:
    assert loss(train("names-bigram-net", seed)) == pytest.approx(
        loss(train("names-bigram")), abs=0.01
    )


@two_seeds
def test_one_batch_is_learned_by_heart_but_not_to_nothing(seed: str) -> None:
    assert 0 < reached(train("one-batch", seed, target=0.4)) < 0.4


@two_seeds
def test_all_examples_at_once_fall_and_a_bad_beginning_is_above_15(seed: str) -> None:
    full_batch = train("names-full-batch", seed)
    began, bad = (batch_losses(run.run)[0] for run in (full_batch, train("names-bad-init", seed)))
    print(f"\nfirst batch: all examples {began:.4f}, a bad beginning {bad:.4f}", end="")
    assert loss(full_batch) < min(began, 2.9)
    assert bad > 15


@two_seeds
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
def test_plays(name: str, target: float, seed: str, shared_data: Path) -> None:
    text = f"data.corpus={shared_data / 'tinyshakespeare.txt'}"
    assert loss(train(name, text, seed, target=target)) <= target


def loss(summary: RunSummary) -> float:
    assert summary.val_loss is not None
    return summary.val_loss
