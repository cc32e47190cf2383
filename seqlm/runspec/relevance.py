"""Relevance of settings: the settings that have an effect in a configuration."""

from seqlm.configuration import dotted_keys
from seqlm.configuration.model_configs import COUNT_BASED
from seqlm.configuration.run_config import RunConfig, example_of
from seqlm.configuration.schema import SettingCondition, not_if
from seqlm.data.corpus_registry import corpus_modes
from seqlm.runspec import recipe

TRAINED = not_if("model.kind", *COUNT_BASED)
"""Condition of all training settings and of the seed: they have no effect on counts."""


def is_relevant(config: RunConfig, key: str) -> bool:
    """Return True if another value of a setting could change the run, given the other settings.

    Raises:
        RequestError: The setting does not exist.
    """
    return unmet_condition(config, key) is None


def unmet_condition(config: RunConfig, key: str) -> SettingCondition | None:
    """Return the condition that a setting does not meet; None if the setting has an effect.

    Raises:
        RequestError: The setting does not exist.
    """
    is_training = key == "seed" or key.startswith("train.")
    for condition in ((TRAINED,) if is_training else ()) + dotted_keys.find(config, key).conditions:
        other = unmet_condition(config, condition.key)
        if (
            other is not None and not condition.is_negated
        ):  # a setting without effect cannot disable another
            return other
        if other is None and not any(
            map(condition.is_met_by, _possible_values(config, condition.key))
        ):
            return condition
    return None


def shown_keys(config: RunConfig) -> frozenset[str]:
    """Return the settings that have an effect and the settings named in the recipe."""
    every = [setting.key for setting in dotted_keys.settings_of(config)]
    return frozenset(k for k in every if is_relevant(config, k)) | recipe.named(config)


def _possible_values(config: RunConfig, key: str) -> tuple[str, ...]:
    """Return all values that a setting can have during the run, as text."""
    if key == "data.mode":
        return corpus_modes(config.data)
    if key == "train.example":
        train, context = config.train, config.model.context
        return tuple(example_of(train, context, mode) for mode in corpus_modes(config.data))
    later = (change.value for change in config.changes if change.key == key)
    format_value = dotted_keys.find(config, key).format
    return tuple(map(format_value, (dotted_keys.value_of(config, key), *later)))
