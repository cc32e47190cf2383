"""What keys are called in the footer, the help and the palette."""

from textual.binding import Binding

from workbench.panes.controls.bindings import CONTROLS_BINDINGS
from workbench.widgets.active_bindings import declared_keys, join_keys, key_name


def test_names_of_keys() -> None:
    shown = {key: key_name(Binding(key, "x")) for key in ("enter", "escape", "pageup", "comma")}
    assert shown == {"enter": "enter", "escape": "esc", "pageup": "pgup", "comma": ","}
    assert key_name(Binding("a", "x", key_display="←→")) == "←→"


def test_keys_of_one_action_stand_together_with_its_sentence() -> None:
    halve = next(key for key in declared_keys(CONTROLS_BINDINGS, {}) if key.action == "scale(-1)")
    assert (halve.key, halve.label) == ("[ (", "Half the value")


def test_moved_keys_are_named_as_moved() -> None:
    moved = declared_keys(CONTROLS_BINDINGS, {"controls.halve": "less_than_sign,H"})
    assert next(key.key for key in moved if key.action == "scale(-1)") == "< H"


def test_a_word_or_a_sentence() -> None:
    binding = Binding("a", "x", "word", tooltip="A whole sentence")
    assert [join_keys([binding], in_full)[0].label for in_full in (False, True)] == [
        "word",
        "A whole sentence",
    ]
