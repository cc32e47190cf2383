"""What a key is called in a sentence: ``<run.space> goes on`` names the key as a file has moved it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from textual.binding import Binding
from textual.keys import _normalize_key_list, format_key

from workbench.keyboard.bindings import APP_BINDINGS

_NAMES = {"enter": "enter", "tab": "tab", "backspace": "backspace", "space": "space"}
_PLACE = re.compile(r"<([a-z_]+\.[a-z_0-9]+)>")


class KeyLabels(Struct, frozen=True):
    """How the keys are called.

    Attributes:
        moved: Those that a file has moved: the id of the binding, and its keys with commas between.
    """

    moved: tuple[tuple[str, str], ...] = ()

    def substitute_keys(self, words: str, declared: Iterable[Any] = ()) -> str:
        """The words with the first key of a binding in the place of its id.

        Outside text goes in afterwards: a file may be called ``<run.space>.txt`` and stays so.

        Args:
            words: Our own, with ``<run.space>``; what is no id of a binding stays as it is.
            declared: Bindings of a pane or a screen; those of everywhere are known.
        """
        if "<" not in words:
            return words
        known = {b.id: b for b in (*APP_BINDINGS, *declared) if isinstance(b, Binding)}
        return _PLACE.sub(lambda place: self._name(known.get(place[1])) or place[0], words)

    def _name(self, binding: Binding | None) -> str:
        return key_label(bound_keys(binding, dict(self.moved))[0]) if binding else ""


DEFAULT_KEYS = KeyLabels()
"""As nobody has moved them."""


def bound_keys(binding: Binding, moved: Mapping[str, str]) -> Sequence[str]:
    """The keys of a binding as a file has moved them, by their long names."""
    return _normalize_key_list(moved.get(binding.id or "", binding.key)).split(",")


def key_label(key: str) -> str:
    """A key as it is shown: ``[``, ``esc``, ``→``."""
    return _NAMES.get(key) or format_key(key)
