"""Names of keys in the footer, the help screen and the command palette."""

from textual.binding import Binding

from workbench.panes.controls.bindings import CONTROLS_BINDINGS
from workbench.widgets.active_bindings import join_keys, key_name, keys_of_bindings


def test_keys_have_short_names() -> None:
    shown = {key: key_name(Binding(key, "x")) for key in ("enter", "escape", "pageup", "comma")}
    assert shown == {"enter": "enter", "escape": "esc", "pageup": "pgup", "comma": ","}
    assert key_name(Binding("a", "x", key_display="←→")) == "←→"


def test_keys_of_one_action_share_an_entry_with_its_help_text() -> None:
    halve = next(
        key for key in keys_of_bindings(CONTROLS_BINDINGS, {}) if key.action == "run('halve')"
    )
    assert (halve.key, halve.label) == ("[ (", "Halve the value")


def test_moved_keys_are_named_as_moved() -> None:
    moved = keys_of_bindings(CONTROLS_BINDINGS, {"controls.halve": "less_than_sign,H"})
    assert next(key.key for key in moved if key.action == "run('halve')") == "< H"


def test_an_entry_has_the_label_or_the_help_text() -> None:
    binding = Binding("a", "x", "word", tooltip="A whole sentence")
    assert [join_keys([binding], in_full)[0].label for in_full in (False, True)] == [
        "word",
        "A whole sentence",
    ]
