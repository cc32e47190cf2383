"""The command that lists the presets or the settings of one preset: presets."""

import argparse
import shutil
import sys
from textwrap import wrap
from typing import Any

from seqlm.cli.output import nats, print_json, print_lines, print_table
from seqlm.cli.runs import AddCommand
from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import RunConfig
from seqlm.configuration.schema import Setting
from seqlm.presets import PRESETS, Preset
from seqlm.runspec import recipe
from seqlm.runspec.baselines import primary_split

_INDENT = "    "


def add_commands(command: AddCommand) -> None:
    """Add the command of this module."""
    presets = command("presets", _presets, "list the presets, or all settings of one preset")
    presets.add_argument("preset", nargs="?", help="the preset to show")


def _presets(options: argparse.Namespace) -> int:
    if options.preset is not None:
        return _preset(options)
    records = [_record(preset) for preset in PRESETS.values()]
    if options.json:
        return print_json({"presets": records})
    rows = [
        [r["preset"], r["model"], nats(r["expected_loss"]), r["judged_on"], r["teaches"]]
        for r in records
    ]
    return print_table(["preset", "model", ">loss", "of", "what it teaches"], rows)


def _record(preset: Preset) -> dict[str, Any]:
    return {
        "preset": preset.name,
        "model": dotted_keys.kind_of(preset.config.model),
        "corpus": preset.config.data.corpus,
        "steps": preset.config.train.steps,
        "expected_loss": preset.expected_loss,
        "judged_on": primary_split(preset.config),
        "expected_cpu_s": preset.expected_cpu_s,
        "teaches": preset.teaches,
    }


def _preset(options: argparse.Namespace) -> int:
    from seqlm.presets import preset_config

    config = preset_config(options.preset)
    changes = [recipe.format_change(config, change) for change in config.changes]
    if options.json:
        values = {
            s.key: dotted_keys.value_of(config, s.key) for s in dotted_keys.settings_of(config)
        }
        return print_json(
            {**_record(PRESETS[config.preset]), "settings": values, "changes": changes}
        )
    lines = [line for s in dotted_keys.settings_of(config) for line in _lines_of(s, config)]
    return print_lines(*lines, *(f"scheduled: {change}" for change in changes))


def _lines_of(setting: Setting, config: RunConfig) -> list[str]:
    """Return a setting as it is typed and its wrapped help text."""
    bounds = setting.format_bounds()
    parts = (
        setting.help,
        "" if setting.kind == "text" else f"allowed: {bounds}",
        f"with {setting.format_condition()}" if setting.conditions else "",
        "can change during training" if setting.is_live else "",
    )
    words = "; ".join(filter(None, parts))
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else len(words) + len(_INDENT)
    about = wrap(
        words,
        max(20, room - len(_INDENT)),
        break_long_words=False,
        break_on_hyphens=False,
    )
    value = setting.format(dotted_keys.value_of(config, setting.key))
    return [f"{setting.key}={value}", *(f"{_INDENT}{line}" for line in about)]
