"""Primary split of a run, and the baselines of its loss."""

import pytest
from msgspec.structs import replace

from seqlm.configuration.run_config import Change
from seqlm.presets import PRESETS, preset_config
from seqlm.runspec import recipe
from seqlm.runspec.baselines import (
    Result,
    best_counts,
    expected_loss,
    matching_preset,
    primary_split,
    result_of,
)


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ("names-mlp", "val"),
        ("hello", "train"),
        ("counting", "train"),
        ("shakespeare-lstm", "val"),
        ("one-batch", "batch"),
        ("names-mlp train.one_batch=true", "batch"),
        ("one-batch data.split=100/0/0", "batch"),
        ("names-ngram train.one_batch=true", "val"),  # counts use the whole training split
    ],
)
def test_primary_split_of_a_run(line: str, on: str) -> None:
    assert primary_split(recipe.parse_recipe(line)) == on


def test_unchanged_preset_has_its_expected_loss() -> None:
    for preset in PRESETS.values():
        assert matching_preset(preset.config, preset.config.changes) is preset
        assert result_of(preset.config, (), 1.0).expected == preset.expected_loss
        assert expected_loss(preset.config) == preset.expected_loss


@pytest.mark.parametrize(
    ("words", "is_preset"),
    [
        ("seed=1 train.pace=50 train.threads=2 sample.temperature=2", True),
        ("train.evaluate_every=7", True),
        ("train.steps=100", False),
        ("train.learning_rate=0.2", False),
        ("model.hidden=100", False),
        ("data.deduplicate=false", False),
    ],
)
def test_only_settings_that_affect_the_loss_remove_the_expected_loss(
    words: str, is_preset: bool
) -> None:
    config = recipe.parse_recipe(f"names-mlp {words}")
    assert (result_of(config, (), 2.0).expected is not None) == is_preset


def test_another_seed_removes_the_expected_loss_of_one_batch() -> None:
    assert result_of(recipe.parse_recipe("one-batch seed=1"), (), 0.2).expected is None


def test_run_matches_its_preset_only_with_the_scheduled_changes() -> None:
    config = preset_config("names-mlp")
    planned = Change(key="train.learning_rate", value=0.01, step=100_000)
    assert matching_preset(config, [planned])
    assert matching_preset(config, [Change(key="train.pace", value=50.0, step=7)])
    assert matching_preset(config, [replace(planned, step=50_000)]) is None
    assert matching_preset(config, [planned, replace(planned, value=0.02)]) is None


def test_best_counts_belong_to_the_same_corpus() -> None:
    found = {name: best_counts(preset.config) for name, preset in PRESETS.items()}
    corpora = {"names": 2.143, "prose": 1.478, "grammar": 0.487, "python": 1.535}
    for corpus, counts in corpora.items():
        assert found[f"{corpus}-{'mlp' if corpus == 'names' else 'lstm'}"] == counts
    assert found["shakespeare-gru"] == PRESETS["shakespeare-ngram"].expected_loss
    for name in ("names-ngram", "one-batch", "hello", "recall-gru", "words"):
        assert found[name] is None  # count-based itself, or a corpus without known counts


@pytest.mark.parametrize(("words", "counts"), [("", 2.004), (" data.deduplicate=false", 1.974)])
def test_lecture_names_have_their_own_best_counts(words: str, counts: float) -> None:
    config = recipe.parse_recipe(f"names-lstm data.corpus=lecture-names{words}")
    assert best_counts(config) == counts
    assert expected_loss(config) is None


def test_result_says_if_the_loss_is_above_or_below_the_best_counts() -> None:
    result = Result(on="val", loss=2.109, expected=2.1094, best_counts=2.143)
    assert result.beside() == ["expected 2.109", "below the best counts (2.143)"]
    assert replace(result, loss=2.2, expected=None).beside() == ["above the best counts (2.143)"]
    assert replace(result, loss=None).beside() == ["expected 2.109"]
