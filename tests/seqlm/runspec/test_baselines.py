"""Primary split of a run, and the losses that its loss is compared with."""

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
        ("names-ngram train.one_batch=true", "val"),  # a count is of all there is
    ],
)
def test_a_run_is_judged_on_what_it_is_to_learn(line: str, on: str) -> None:
    assert primary_split(recipe.parse_recipe(line)) == on


def test_every_preset_that_is_trained_just_as_it_says_has_its_expected_loss() -> None:
    for preset in PRESETS.values():
        assert matching_preset(preset.config, preset.config.changes) is preset
        assert result_of(preset.config, (), 1.0).expected == preset.expected_loss
        assert expected_loss(preset.config) == preset.expected_loss


@pytest.mark.parametrize(
    ("words", "is_own"),
    [
        ("seed=1 train.pace=50 train.threads=2 sample.temperature=2", True),
        ("train.evaluate_every=7", True),
        ("train.steps=100", False),
        ("train.learning_rate=0.2", False),
        ("model.hidden=100", False),
        ("data.deduplicate=false", False),
    ],
)
def test_what_can_change_the_loss_makes_it_another_run(words: str, is_own: bool) -> None:
    config = recipe.parse_recipe(f"names-mlp {words}")
    assert (result_of(config, (), 2.0).expected is not None) == is_own


def test_one_batch_of_another_seed_is_another_batch() -> None:
    assert result_of(recipe.parse_recipe("one-batch seed=1"), (), 0.2).expected is None


def test_a_change_by_hand_makes_it_another_run_and_a_planned_one_does_not() -> None:
    config = preset_config("names-mlp")
    planned = Change(key="train.learning_rate", value=0.01, step=100_000)
    assert matching_preset(config, [planned])
    assert matching_preset(config, [Change(key="train.pace", value=50.0, step=7)])
    assert matching_preset(config, [replace(planned, step=50_000)]) is None
    assert matching_preset(config, [planned, replace(planned, value=0.02)]) is None


def test_a_loss_is_held_against_the_best_counts_of_the_same_text() -> None:
    found = {name: best_counts(preset.config) for name, preset in PRESETS.items()}
    corpora = {"names": 2.143, "prose": 1.478, "grammar": 0.487, "python": 1.535}
    for corpus, counts in corpora.items():
        assert found[f"{corpus}-{'mlp' if corpus == 'names' else 'lstm'}"] == counts
    assert found["shakespeare-gru"] == PRESETS["shakespeare-ngram"].expected_loss
    for name in ("names-ngram", "one-batch", "hello", "recall-gru", "words"):
        assert found[name] is None  # it counts itself, or nothing was counted on such a text


@pytest.mark.parametrize(("words", "counts"), [("", 2.004), (" data.deduplicate=false", 1.974)])
def test_the_list_of_the_lecture_has_counts_of_its_own(words: str, counts: float) -> None:
    config = recipe.parse_recipe(f"names-lstm data.corpus=lecture-names{words}")
    assert best_counts(config) == counts
    assert expected_loss(config) is None


def test_the_loss_says_on_which_side_of_the_counts_it_is() -> None:
    result = Result(on="val", loss=2.109, expected=2.1094, best_counts=2.143)
    assert result.beside() == ["expected 2.109", "below the best counts (2.143)"]
    assert replace(result, loss=2.2, expected=None).beside() == ["above the best counts (2.143)"]
    assert replace(result, loss=None).beside() == ["expected 2.109"]
