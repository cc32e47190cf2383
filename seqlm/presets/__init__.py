"""Presets: named configurations, each with its expected loss."""

from seqlm import errors
from seqlm.configuration.run_config import RunConfig
from seqlm.presets import names, own_text, streams, tasks
from seqlm.presets.preset import Preset

__all__ = ["PRESETS", "Preset", "preset_config"]

PRESETS: dict[str, Preset] = {
    preset.name: preset for module in (names, tasks, streams, own_text) for preset in module.PRESETS
}


def preset_config(name: str) -> RunConfig:
    """Return the configuration of a preset.

    Raises:
        RequestError: There is no such preset; names the nearest one.
    """
    if name not in PRESETS:
        raise errors.unknown("a preset", name, PRESETS, "seqlm presets")
    return PRESETS[name].config
