"""Undo history: record, undo, redo and its bound."""

from workbench.state.undo_history import MAX_UNDO, UndoHistory


def test_undo_moves_the_latest_entry_to_the_future() -> None:
    history = UndoHistory[str]().record("a").record("b").undo("c")
    assert (history.past, history.future) == (("a",), ("c",))


def test_redo_moves_the_next_entry_to_the_past() -> None:
    history = UndoHistory[str]().record("a").record("b").undo("c").undo("b").redo("a")
    assert (history.past, history.future) == (("a",), ("c",))


def test_a_new_entry_clears_redo() -> None:
    history = UndoHistory[str]().record("a").undo("b").record("d")
    assert (history.past, history.future) == (("d",), ())


def test_the_oldest_entries_are_dropped_beyond_the_bound() -> None:
    history = UndoHistory[int]()
    for number in range(MAX_UNDO + 3):
        history = history.record(number)
    assert history.past == tuple(range(3, MAX_UNDO + 3))


def test_record_keeping_undone_lets_undo_reach_the_undone_states() -> None:
    history = UndoHistory[str]().record("a").record("b").undo("c").record_keeping_undone("b")
    assert (history.past, history.future) == (("a", "b", "c", "b"), ())


def test_record_keeping_undone_without_undone_states_only_records() -> None:
    history = UndoHistory[str]().record("a").record_keeping_undone("b")
    assert (history.past, history.future) == (("a", "b"), ())
