"""Which settings do something in a configuration, and which are worth showing."""

from seqlm.configuration import dotted_keys
from seqlm.configuration.model_configs import COUNT_BASED
from seqlm.configuration.run_config import RunConfig, example_of
from seqlm.configuration.schema import SettingCondition, not_if
from seqlm.data.corpus_registry import corpus_modes
from seqlm.runspec import recipe

TRAINED = not_if("model.kind", *COUNT_BASED)
"""What all of training needs, and the seed: counts are the same whatever is asked there."""


def is_relevant(config: RunConfig, key: str) -> bool:
    """Whether another value of a setting could make another run, as the others stand.

    Raises:
        RequestError: There is no setting of this name.
    """
    return unmet_condition(config, key) is None


def unmet_condition(config: RunConfig, key: str) -> SettingCondition | None:
    """What a setting would need to have an effect; None where it has one.

    Raises:
        RequestError: There is no setting of this name.
    """
    is_training = key == "seed" or key.startswith("train.")
    for needed in ((TRAINED,) if is_training else ()) + dotted_keys.find(config, key).conditions:
        other = unmet_condition(config, needed.key)
        if other is not None and not needed.is_negated:  # what does nothing takes no effect away
            return other
        if other is None and not any(map(needed.is_met_by, _may_be(config, needed.key))):
            return needed
    return None


def shown_keys(config: RunConfig) -> frozenset[str]:
    """The settings that have an effect, and those that its line names though they have none."""
    every = [setting.key for setting in dotted_keys.settings_of(config)]
    return frozenset(k for k in every if is_relevant(config, k)) | recipe.named(config)


def _may_be(config: RunConfig, key: str) -> tuple[str, ...]:
    """What a setting stands for at some step of the run, as it is typed."""
    if key == "data.mode":
        return corpus_modes(config.data)
    if key == "train.example":
        train, context = config.train, config.model.context
        return tuple(example_of(train, context, mode) for mode in corpus_modes(config.data))
    later = (change.value for change in config.changes if change.key == key)
    show = dotted_keys.find(config, key).format
    return tuple(map(show, (dotted_keys.value_of(config, key), *later)))
