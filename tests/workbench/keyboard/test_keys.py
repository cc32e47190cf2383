"""What keys are called, and that no two of one place are the same."""

from collections import Counter

from textual.binding import Binding

from workbench.active_keys import declared_keys, joined, key_name
from workbench.keyboard.bindings import APP_BINDINGS
from workbench.keyboard.names import keys_of
from workbench.keymap import Group, groups
from workbench.panes.controls.keys import CONTROLS_BINDINGS

SHADOWED = {"left_square_bracket", "left_parenthesis", "right_square_bracket", "right_parenthesis"}


def clashing(*together: Group) -> set[str]:
    """Keys that mean more than one thing."""
    meanings = {
        (key, binding.action)
        for group in together
        for binding in group.bindings
        for key in keys_of(binding, {})
    }
    return {key for key, n in Counter(key for key, _ in meanings).items() if n > 1}


def test_every_binding_has_a_name_of_its_own() -> None:
    names = [binding.id for group in groups() for binding in group.bindings]
    assert all(names)
    assert [name for name, n in Counter(names).items() if n > 1] == []


def test_no_key_of_everywhere_means_two_things() -> None:
    assert clashing(groups()[0]) == set()


def test_a_pane_takes_no_key_from_everywhere_but_the_brackets_and_escape() -> None:
    everywhere, *others = groups()
    for group in others:
        if not group.name.startswith("screen"):
            taken = {key for b in everywhere.bindings for key in keys_of(b, {})}
            own = {key for b in group.bindings for key in keys_of(b, {})}
            assert taken & own <= SHADOWED | {"escape"}, group.name


def test_keys_that_terminals_and_shells_need_are_not_bound() -> None:
    never = {f"ctrl+{letter}" for letter in "abdhijms"} | {"ctrl+left", "ctrl+right"}
    for group in groups():
        keys = {key for binding in group.bindings for key in keys_of(binding, {})}
        assert not keys & never
        assert not any(key.startswith(("alt+", "f1", "f2")) for key in keys)


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
    assert [joined([binding], in_full)[0].label for in_full in (False, True)] == [
        "word",
        "A whole sentence",
    ]


def test_every_key_of_everywhere_has_words() -> None:
    assert all(isinstance(b, Binding) and b.description for b in APP_BINDINGS)
