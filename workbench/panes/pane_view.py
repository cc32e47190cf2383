"""Views of a pane: the registry entry of one view, and the choice among them."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct
from rich.text import Text

from workbench.widgets.row_widget import Row

ModelT = TypeVar("ModelT")
"""The view model of a pane: the plain data of one frame."""


def _always(_: Any) -> bool:
    return True


class PaneView(Struct, Generic[ModelT], frozen=True):
    """One view of a pane, as the registry of the pane lists it.

    Attributes:
        name: Name in the border, in the help and in the registry.
        render: Returns the rows of the view for a view model, a width and a height in cells.
        help: One or two sentences for the help screen.
        is_available: Returns whether the view model has the data that the view shows.
        min_rows: Rows that the view needs; a pane leaves out its summary where there are fewer.
    """

    name: str
    render: Callable[[ModelT, int, int], Sequence[Row | Text]]
    help: str = ""
    is_available: Callable[[ModelT], bool] = _always
    min_rows: int = 5


def available_views(
    views: Sequence[PaneView[ModelT]], model: ModelT
) -> tuple[PaneView[ModelT], ...]:
    """Return the views that the view model has data for, in the order of the registry."""
    return tuple(view for view in views if view.is_available(model))


def current_view(views: Sequence[PaneView[ModelT]], model: ModelT, name: str) -> PaneView[ModelT]:
    """Return the view of this name; the first view where it is not available."""
    found = available_views(views, model)
    return next((view for view in found if view.name == name), found[0])


def next_view_name(views: Sequence[PaneView[ModelT]], model: ModelT, name: str, by: int = 1) -> str:
    """Return the name of the view that stands ``by`` places after the current one, in a circle."""
    found = available_views(views, model)
    index = found.index(current_view(views, model, name))
    return found[(index + by) % len(found)].name


def view_title(views: Sequence[PaneView[ModelT]], model: ModelT, name: str, width: int) -> str:
    """Return the name and number of the current view in the longest form that fits."""
    found, view = available_views(views, model), current_view(views, model, name)
    number = found.index(view) + 1
    texts = (
        f"{view.name} (view {number} of {len(found)})",
        view.name,
    )
    return next((text for text in texts if len(text) <= width), "")


def views_help(views: Sequence[PaneView[Any]]) -> str:
    """Return the help of all views: ``View 1, lines: the text itself. View 2, ...``."""
    if len(views) == 1:
        return views[0].help
    return " ".join(f"View {i}, {view.name}: {view.help}" for i, view in enumerate(views, 1))
