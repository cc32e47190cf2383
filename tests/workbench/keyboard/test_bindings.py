"""Every key has a name and words, and no key of one place means two things."""

from collections import Counter

from textual.binding import Binding

from workbench.application.keymap_file import Group, groups
from workbench.keyboard.bindings import APP_BINDINGS
from workbench.keyboard.key_labels import bound_keys

SHADOWED = {"left_square_bracket", "left_parenthesis", "right_square_bracket", "right_parenthesis"}


def clashing(*together: Group) -> set[str]:
    """Keys that mean more than one thing."""
    meanings = {
        (key, binding.action)
        for group in together
        for binding in group.bindings
        for key in bound_keys(binding, {})
    }
    return {key for key, n in Counter(key for key, _ in meanings).items() if n > 1}


def test_every_binding_has_a_name_of_its_own() -> None:
    names = [binding.id for group in groups() for binding in group.bindings]
    assert all(names)
    assert [name for name, n in Counter(names).items() if n > 1] == []


def test_no_key_of_everywhere_means_two_things_but_the_one_that_suspends() -> None:
    assert clashing(groups()[0]) == {"ctrl+z"}  # leaves where no shell could continue the screen


def test_a_pane_takes_no_key_from_everywhere_but_the_brackets_and_escape() -> None:
    everywhere, *others = groups()
    for group in others:
        if not group.name.startswith("screen"):
            taken = {key for b in everywhere.bindings for key in bound_keys(b, {})}
            own = {key for b in group.bindings for key in bound_keys(b, {})}
            assert taken & own <= SHADOWED | {"escape"}, group.name


def test_keys_that_terminals_and_shells_need_are_not_bound() -> None:
    never = {f"ctrl+{letter}" for letter in "abdhijms"} | {"ctrl+left", "ctrl+right"}
    for group in groups():
        keys = {key for binding in group.bindings for key in bound_keys(binding, {})}
        assert not keys & never
        assert not any(key.startswith(("alt+", "f1", "f2")) for key in keys)


def test_every_key_of_everywhere_has_words() -> None:
    assert all(isinstance(b, Binding) and b.description for b in APP_BINDINGS)
