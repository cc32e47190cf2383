"""The presets trained to the end, and what each reaches beside what it should. Minutes; by hand."""

import math
from pathlib import Path

import pytest
from ladder import reached, train

import seqlm
from seqlm.data.prepared_text import prepare
from seqlm.presets import PRESETS
from seqlm.runs.summary import RunSummary

pytestmark = pytest.mark.ladder

RUNGS = (
    ("names-bigram",),
    ("names-ngram", "model.order=3"),
    ("names-mlp",),
    ("names-lstm",),
)
ABOVE_OWN_BEST = 0.02
STANDARD_ERRORS = 3.0


@pytest.fixture(scope="module")
def trained() -> dict[tuple[str, ...], RunSummary]:
    return {}


def train_once(
    trained: dict[tuple[str, ...], RunSummary], rung: tuple[str, ...], target: float | None = None
) -> RunSummary:
    if rung not in trained:
        trained[rung] = train(*rung, target=target)
    return trained[rung]


def nats_of_items(run: str, items: tuple[str, ...]) -> list[float]:
    model = seqlm.load(run)
    return [sum(nats for _, nats in model.score(item)) for item in items]


def test_each_rung_is_better_by_more_than_three_standard_errors(trained) -> None:
    """The difference is paired: both models are scored on the same validation names."""
    items = prepare(PRESETS["names-mlp"].config.data).items["val"]
    n_tokens = sum(len(item) + 1 for item in items)
    scored = [nats_of_items(train_once(trained, rung).run, items) for rung in RUNGS]
    for worse, better, rung in zip(scored, scored[1:], RUNGS[1:], strict=False):
        saved = [a - b for a, b in zip(worse, better, strict=True)]
        mean = sum(saved) / len(saved)
        variance = sum((nats - mean) ** 2 for nats in saved) / (len(saved) - 1)
        gain = sum(saved) / n_tokens
        error = math.sqrt(variance * len(saved)) / n_tokens
        print(
            f"\n{' '.join(rung):40} saves {gain:.4f} nats per token, {gain / error:.1f} s.e.",
            end="",
        )
        assert gain > STANDARD_ERRORS * error


NOT_FETCHED = [
    name for name, preset in PRESETS.items() if preset.config.data.corpus == "shakespeare"
]


@pytest.mark.parametrize("name", [name for name in PRESETS if name not in NOT_FETCHED])
def test_a_preset_reaches_what_it_says_and_ends_near_its_own_best(name, trained) -> None:
    summary, preset = train_once(trained, (name,)), PRESETS[name]
    if summary.judged_on == "val":
        assert summary.val_loss is not None
        assert summary.best_val_loss is not None
        assert summary.val_loss - summary.best_val_loss <= ABOVE_OWN_BEST
    if preset.config.data.corpus != "python":  # whose text is another one in each version
        assert reached(summary) == pytest.approx(preset.expected_loss, abs=0.01)


LECTURE = ("data.deduplicate=false",)
TARGETS = [
    (("names-ngram", "model.order=2", "model.smoothing=add-k"), 2.450, 2.456),
    (("names-ngram", "model.order=5", "model.smoothing=witten-bell"), 0.0, 2.05),
    (("names-ngram",), 0.0, 1.976),
    (("names-bigram-net",), 2.443, 2.463),
    (("names-mlp",), 0.0, 2.18),
    (("names-mlp-2d",), 0.0, 2.35),
    (("names-bow",), 0.0, 2.14),
    (("names-wavenet",), 0.0, 1.98),
    (("names-elman",), 0.0, 1.98),
    (("names-transformer",), 0.0, 1.965),
    (("names-mlp-best",), 0.0, 1.95),
    (("names-gru",), 0.0, 1.93),
    (("names-lstm",), 0.0, 1.92),
]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("words", "low", "high"), TARGETS)
def test_the_lecture_s_list_gives_the_lecture_s_numbers(
    words: tuple[str, ...], low: float, high: float, seed: int, shared_data: Path, trained
) -> None:
    corpus = f"data.corpus={shared_data / 'names.txt'}"
    summary = train_once(trained, (*words, corpus, *LECTURE, f"seed={seed}"), high)
    assert summary.val_loss is not None
    assert low <= summary.val_loss <= high
