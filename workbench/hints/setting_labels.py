"""Display names of settings: the standard terms with which their help texts begin."""

import re
from functools import cache

from seqlm.configuration import dotted_keys
from seqlm.configuration.model_configs import FAMILIES
from seqlm.configuration.run_config import RunConfig

_DOTTED = re.compile(r"\b(?:data|model|train|sample)\.[a-z_]+(=?)")


def setting_label(key: str) -> str:
    """Return the display name of a setting: ``early stopping`` for ``train.patience``."""
    return _labels().get(key) or key.rpartition(".")[2].replace("_", " ")


@cache
def _labels() -> dict[str, str]:
    """Return the display name of each setting of any model family by dotted key."""
    every = [
        setting
        for family in FAMILIES.values()
        for setting in dotted_keys.settings_of(RunConfig(preset="", model=family()))  # type: ignore[arg-type]
    ]
    return {setting.key: _lower_first(setting.term) for setting in every}


def _lower_first(term: str) -> str:
    """Return a term with a small first letter, except an abbreviation such as ``BPE merges``."""
    return term if term[1:2].isupper() else term[:1].lower() + term[1:]


def replace_setting_keys(message: str) -> str:
    """Return a message of the command line with display names in place of dotted keys."""

    def replace_key(match: re.Match[str]) -> str:
        gap = " " if match[1] else ""
        return setting_label(match[0].removesuffix("=")) + gap

    return _DOTTED.sub(replace_key, message)
