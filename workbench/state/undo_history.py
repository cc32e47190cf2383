"""Undo history of any kind of entry."""

from typing import Generic, TypeVar

from msgspec import Struct

MAX_UNDO = 1000
T = TypeVar("T")


class UndoHistory(Struct, Generic[T], frozen=True):
    """Immutable undo and redo stacks.

    Every method returns a new history. An entry is whatever the owner needs to go back: an earlier
    value, or a change to be reversed.

    Attributes:
        past: Entries to undo, the latest last.
        future: Entries to redo, the next one first.
    """

    past: tuple[T, ...] = ()
    future: tuple[T, ...] = ()

    def record(self, entry: T) -> "UndoHistory[T]":
        """Add an entry to undo; the oldest is dropped beyond ``MAX_UNDO``, and redo is cleared."""
        return UndoHistory((*self.past, entry)[-MAX_UNDO:])

    def record_keeping_undone(self, state: T) -> "UndoHistory[T]":
        """Add the state before a change; the undone states stay in the past, so undo reaches them.

        Only for entries that are whole states, which can be restored in any order.
        """
        undone = (*self.future, state) if self.future else ()
        return UndoHistory((*self.past, state, *undone)[-MAX_UNDO:])

    def undo(self, redo_entry: T) -> "UndoHistory[T]":
        """Remove the latest entry of the past; ``redo_entry`` makes the change again."""
        return UndoHistory(self.past[:-1], (redo_entry, *self.future))

    def redo(self, undo_entry: T) -> "UndoHistory[T]":
        """Remove the next entry of the future; ``undo_entry`` reverses the change again."""
        return UndoHistory((*self.past, undo_entry)[-MAX_UNDO:], self.future[1:])
