"""Error for an unknown setting: the name of the setting that was meant."""

import difflib
from collections.abc import Mapping

from seqlm.configuration.foreign_names import (
    is_context_length,
    normalize_name,
    note_of,
    own_keys,
)
from seqlm.configuration.model_base import ModelFamily
from seqlm.configuration.model_configs import FAMILIES
from seqlm.configuration.schema import Setting
from seqlm.errors import RequestError

_SIMILAR = 0.7
_LONGEST_SHOWN = 60
_LIST = "All settings: seqlm presets NAME"


def unknown_setting(
    key: str, known: Mapping[str, Setting], family: type[ModelFamily]
) -> RequestError:
    """Return the error for a key that is no setting of a model family.

    It names the setting that was meant: the one with that name in another section, the name here of
    a setting of another library, the model family that has the setting, or the nearest name.

    Args:
        key: The unknown key.
        known: All settings of the family by key.
        family: The model family.
    """
    name, kind = normalize_name(key), str(family.__struct_config__.tag)
    where = f" of {kind}" if key.startswith("model.") else ""
    shown = key if len(key) <= _LONGEST_SHOWN else f"{key[:_LONGEST_SHOWN]}..."
    return RequestError(
        f"{shown!r} is not a setting{where}{_remedy(key, name, known, family)}", key
    )


def _remedy(key: str, name: str, known: Mapping[str, Setting], family: type[ModelFamily]) -> str:
    """Return the rest of the message: what to write instead, or where all settings are listed."""
    same = [each for each in known if normalize_name(each) == name]
    others = _families_with(name)
    if same and not (key.startswith("model.") and others):
        return _use(same, known, "")
    if is_context_length(name) and (context := _context_remedy(known, family)):
        return context
    foreign = own_keys(name, known)
    if foreign and foreign[0] in known:
        return _use(foreign, known, note_of(name))
    if not others and foreign:
        others = _families_with(normalize_name(foreign[-1]))
        return f"; {foreign[-1]} is a setting of {', '.join(others)} (model.kind)"
    if others:
        return f"; it is a setting of {', '.join(others)} (model.kind)"
    nearest = _nearest(key, name, known)
    return f". Nearest: {nearest}. {_LIST}" if nearest else f". {_LIST}"


def _use(keys: list[str], known: Mapping[str, Setting], note: str) -> str:
    """Return the advice to use one of these keys, with the meaning of the setting."""
    if len(keys) > 1:
        return f"; use {' or '.join(keys)}"
    about = note or known[keys[0]].help.partition(": ")[2] or known[keys[0]].help
    return f"; use {keys[0]} ({about})"


def _context_remedy(known: Mapping[str, Setting], family: type[ModelFamily]) -> str:
    """Return how a family sets the length of its context; empty if it has a plain setting of it."""
    key = f"model.{family.context_setting}"
    if "model.context" in known or "model.max_tokens" in known:
        return ""
    if key in known and family().context is not None:
        return _use([key], known, "")
    if family().context is not None:
        return f"; {family.noun} always sees {family().context} token"
    return f": {family.noun} has no fixed context; train.chunk is the length of a training chunk"


def _families_with(name: str) -> list[str]:
    """Return the model families that have a setting."""
    return [kind for kind, family in FAMILIES.items() if name in family.__struct_fields__]


def _nearest(key: str, name: str, known: Mapping[str, Setting]) -> str:
    """Return the key with the most similar name, of the same section if there is one; else empty."""
    section = key.rpartition(".")[0]
    in_section = [each for each in known if each.rpartition(".")[0] == section]
    for candidates in (in_section, list(known)):
        names = {normalize_name(each): each for each in candidates}
        found = difflib.get_close_matches(name, names, n=1, cutoff=_SIMILAR)
        if found:
            return names[found[0]]
    return ""
