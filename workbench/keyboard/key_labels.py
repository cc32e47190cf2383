"""Display labels of keys, and substitution of binding ids in texts.

``<run.space> resumes`` names the key of the binding ``run.space`` as the keymap file has moved it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from textual.binding import Binding
from textual.keys import _normalize_key_list, format_key

from workbench.keyboard.bindings import APP_BINDINGS

_NAMES = {"enter": "enter", "tab": "tab", "backspace": "backspace", "space": "space"}
_BINDING_ID = re.compile(r"<([a-z_]+\.[a-z_0-9]+)>")


class KeyLabels(Struct, frozen=True):
    """Labels of the keys.

    Attributes:
        moved: Bindings moved by the keymap file: id, and keys separated by commas.
    """

    moved: tuple[tuple[str, str], ...] = ()

    def substitute_keys(self, words: str, declared: Iterable[Any] = ()) -> str:
        """Return the text with binding ids in angle brackets replaced by their first keys.

        Text from outside must be inserted afterwards: a file may be named ``<run.space>.txt``.

        Args:
            words: Text of the program; unknown ids are kept.
            declared: Bindings of a pane or a screen; global bindings are always known.
        """
        if "<" not in words:
            return words
        known = {b.id: b for b in (*APP_BINDINGS, *declared) if isinstance(b, Binding)}
        return _BINDING_ID.sub(lambda found: self._label(known.get(found[1])) or found[0], words)

    def _label(self, binding: Binding | None) -> str:
        return key_label(bound_keys(binding, dict(self.moved))[0]) if binding else ""


DEFAULT_KEYS = KeyLabels()
"""Labels without a keymap file."""


def bound_keys(binding: Binding, moved: Mapping[str, str]) -> Sequence[str]:
    """Return the keys of a binding after the keymap file, by Textual's names."""
    return _normalize_key_list(moved.get(binding.id or "", binding.key)).split(",")


def key_label(key: str) -> str:
    """Return the display label of a key: ``[``, ``esc``, ``→``."""
    return _NAMES.get(key) or format_key(key)
