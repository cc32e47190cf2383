"""Which settings do something in a configuration, and which are worth showing."""

from typing import Any

from seqlm import recipe, settings
from seqlm.config import RunConfig
from seqlm.data.sources import CORPORA


def has_effect(config: RunConfig, key: str) -> bool:
    """Whether another value of a setting could make another run, as the others stand.

    Raises:
        RequestError: There is no setting of this name.
    """
    needed = settings.find(config, key).only_with
    if config.model.learns_by_counting and key.startswith("train."):
        return False
    if needed is None:
        return True
    other, wanted = needed
    found = _may_be(config, other)
    fits = not {*found}.isdisjoint(wanted) if wanted else found != (None,)
    return fits and has_effect(config, other)


def shown_keys(config: RunConfig) -> frozenset[str]:
    """The settings that have an effect, and those that its line names though they have none."""
    every = [setting.key for setting in settings.settings_of(config)]
    return frozenset(k for k in every if has_effect(config, k)) | recipe.named(config)


def _may_be(config: RunConfig, key: str) -> tuple[Any, ...]:
    """What a setting stands for; ``auto`` may be more than one thing where a file decides."""
    value = settings.value_of(config, key)
    if (key, value) == ("data.mode", "auto"):
        source = CORPORA.get(config.data.corpus)
        return (source.mode,) if source else ("lines", "stream")
    if (key, value) == ("train.example", "auto"):
        if config.model.context is not None:
            return ("window",)
        modes = _may_be(config, "data.mode")
        return tuple("chunk" if mode == "stream" else "item" for mode in modes)
    return (value,)
