"""Named configurations, each with the result to expect."""

from seqlm import errors
from seqlm.configuration.run_config import RunConfig
from seqlm.presets import names, streams, tasks
from seqlm.presets.preset import Preset

__all__ = ["PRESETS", "Preset", "preset_config"]

PRESETS: dict[str, Preset] = {
    preset.name: preset for room in (names, tasks, streams) for preset in room.PRESETS
}


def preset_config(name: str) -> RunConfig:
    """The configuration of the preset called ``name``.

    Raises:
        RequestError: There is none; says the nearest name.
    """
    if name not in PRESETS:
        raise errors.unknown("a preset", name, PRESETS)
    return PRESETS[name].config
