"""Recipe: the configuration of a run as one line, ``PRESET KEY=VALUE... KEY=VALUE@STEP...``.

A plain ``KEY=VALUE`` holds for the whole run and replaces the preset's scheduled changes of that key;
``KEY=VALUE@STEP`` schedules a change that is applied after that many steps.
"""

import shlex
from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from seqlm import errors
from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import Change, RunConfig
from seqlm.presets import PRESETS, preset_config

_MAX_STEP = 10**9
_MAX_STEP_DIGITS = 100
_MAX_SHOWN = 60


class _Word(NamedTuple):
    key: str
    text: str
    step: int | None

    @property
    def rank(self) -> int:
        """Order of application: the model family first, then plain values, then scheduled changes."""
        return 0 if self.key == "model.kind" else 1 if self.step is None else 2


def parse_recipe(line: str) -> RunConfig:
    """Return the configuration of a recipe, e.g. ``names-mlp model.hidden=300 seed=1``.

    Raises:
        RequestError: The preset is unknown, or a word is not a valid setting.
    """
    try:
        preset, *words = shlex.split(line)
    except ValueError as error:
        raise errors.RequestError(f"{line!r} is not PRESET KEY=VALUE...", line) from error
    return apply_settings(preset_config(preset), words)


def apply_settings(config: RunConfig, words: Iterable[str]) -> RunConfig:
    """Return ``config`` with the settings in ``words`` applied (``KEY=VALUE`` or ``KEY=VALUE@STEP``).

    Raises:
        RequestError: A word is not a valid setting, or two settings are incompatible.
    """
    for word in sorted(map(_parse, words), key=lambda word: word.rank):
        config = _set(config, word)
    dotted_keys.check(config)
    return config


def check_words(words: Iterable[str]) -> None:
    """Check the settings of a text that is not read yet, as far as they do not depend on a preset.

    Without ``model.kind`` a setting of any model family is accepted.

    Raises:
        RequestError: A word is not a setting, or its value is not allowed.
    """
    parsed = sorted(map(_parse, words), key=lambda word: word.rank)
    kinds = [word.text.strip() for word in parsed if word.key == "model.kind"]
    config = dotted_keys.with_value(RunConfig(preset=""), "model.kind", _kind(kinds))
    for word in parsed:
        with_setting = config if kinds else dotted_keys.with_family_of(config, word.key)
        dotted_keys.find(with_setting, word.key).parse(word.text)


def _kind(kinds: list[str]) -> str:
    kind = dotted_keys.find(RunConfig(preset=""), "model.kind")
    return str(kind.parse(kinds[-1]) if kinds else kind.default)


def format_recipe(config: RunConfig) -> str:
    """Return the recipe of ``config``: a preset and the settings that differ from it."""
    base, words = base_config(config), list[str]()
    cleared = {change.key for change in base.changes if change not in config.changes}
    cleared |= named(config)
    for setting in sorted(dotted_keys.settings_of(config), key=lambda s: s.key != "model.kind"):
        if setting.key in cleared:
            value = dotted_keys.value_of(config, setting.key)
            words.append(f"{setting.key}={setting.format(value)}")
    for change in config.changes:
        if change.key in cleared or change not in base.changes:
            words.append(format_change(config, change))
    return shlex.join([base.preset, *words])


def base_config(config: RunConfig) -> RunConfig:
    """Return the preset that a configuration is written as a variation of.

    The preset of an old run may no longer exist; then it is the first one of the same model family.
    """
    if config.preset in PRESETS:
        return preset_config(config.preset)
    kind = dotted_keys.kind_of(config.model)
    known = [preset.config for preset in PRESETS.values()]
    return next((base for base in known if dotted_keys.kind_of(base.model) == kind), known[0])


def named(config: RunConfig) -> frozenset[str]:
    """Return the keys in the recipe of a configuration: the settings that differ from its preset."""
    kind = dotted_keys.kind_of(config.model)
    preset = base_config(config)
    base = dotted_keys.with_value(preset, "model.kind", kind)
    keys = [s.key for s in dotted_keys.settings_of(config) if _differs(config, base, s.key)]
    return frozenset(keys if kind == dotted_keys.kind_of(preset.model) else ["model.kind", *keys])


def _differs(config: RunConfig, base: RunConfig, key: str) -> bool:
    return bool(dotted_keys.value_of(config, key) != dotted_keys.value_of(base, key))


def format_change(config: RunConfig, change: Change) -> str:
    """Return a change as it is typed, e.g. ``train.learning_rate=0.01@100000``."""
    return f"{change.key}={dotted_keys.find(config, change.key).format(change.value)}@{change.step}"


def live_changes(config: RunConfig, words: Iterable[str]) -> list[Change]:
    """Parse words into changes of live settings; step 0 means at once.

    Raises:
        RequestError: A word is not a valid setting, or the setting is not live.
    """
    changes = []
    for word in map(_parse, words):
        setting = dotted_keys.find(config, word.key)
        _raise_unless_live(config, word, "after the start of a run")
        changes.append(Change(key=word.key, value=setting.parse(word.text), step=word.step or 0))
    return changes


def with_changes(config: RunConfig, changes: Iterable[Change]) -> RunConfig:
    """Return ``config`` with more changes; the last one wins for the same key and step."""
    last = {(change.step, change.key): change for change in (*config.changes, *changes)}
    return replace(config, changes=tuple(last[place] for place in sorted(last)))


def as_run(config: RunConfig, changes: Iterable[Change]) -> str:
    """Return the recipe that reproduces a run.

    Args:
        config: The initial configuration.
        changes: All applied changes, scheduled ones included, in order.
    """
    return format_recipe(with_changes(config, changes))


def _parse(word: str) -> _Word:
    key, equals, text = word.partition("=")
    if not equals or not key:
        raise errors.RequestError(f"{word!r} is not KEY=VALUE, e.g. train.learning_rate=0.1", word)
    value, at, step = text.rpartition("@")
    if at and not key.startswith("data."):  # a file name may contain @
        return _Word(key, value, _step(step, word))
    return _Word(key, text, None)


def _step(digits: str, word: str) -> int:
    # The length is checked first: Python refuses to parse numbers of thousands of digits.
    is_number = digits.isdecimal() and len(digits) <= _MAX_STEP_DIGITS
    if not is_number or int(digits) > _MAX_STEP:
        shown = word if len(word) <= _MAX_SHOWN else f"{word[:_MAX_SHOWN]}..."
        raise errors.RequestError(
            f"the step in {shown!r} is not valid; allowed: 0 to {_MAX_STEP:,}", word
        )
    return int(digits)


def _set(config: RunConfig, word: _Word) -> RunConfig:
    setting = dotted_keys.find(config, word.key)
    value = setting.parse(word.text)
    if word.step is None:
        kept = tuple(change for change in config.changes if change.key != word.key)
        return dotted_keys.with_value(replace(config, changes=kept), word.key, value)
    _raise_unless_live(config, word, f"during training: leave out @{word.step}")
    return with_changes(config, [Change(key=word.key, value=value, step=word.step)])


def _raise_unless_live(config: RunConfig, word: _Word, when: str) -> None:
    keys = dotted_keys.live_keys(config)
    if word.key not in keys:
        raise errors.RequestError(
            f"{word.key} cannot change {when}. Live settings: {', '.join(keys)}", word.text
        )
