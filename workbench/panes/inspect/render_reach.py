"""Reach view: the loss when only the last k tokens are visible."""

from collections.abc import Sequence

from seqlm.protocol.view_results import ReachPoint
from workbench.panes.inspect.cells import cut_row, wrapped
from workbench.panes.inspect.move import row_at
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.render.bars import draw_bar
from workbench.render.number_format import format_loss
from workbench.widgets.row_widget import Row

_LABEL_CELLS = 34


def reach_rows(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    """Return the loss for each number of visible tokens, and the selected one in one sentence."""
    points: list[ReachPoint] = model.result
    at = row_at(model)
    highest = max(point.loss for point in points)
    rows: list[Row] = [cut_row([("  visible tokens    loss  change", "guide")], width)]
    for i, point in enumerate(points):
        before = points[i - 1].loss if i else None
        change = "" if before is None else f"{point.loss - before:+.3f}"
        mark = "▸" if i == at else " "
        text = f"{mark} {_name(point):>14}  {format_loss(point.loss, 3):>6}  {change:>6}  "
        bar = draw_bar(point.loss / highest, max(0, width - _LABEL_CELLS), model.ascii_only)
        rows.append([(text, "plain bold" if i == at else "plain"), (bar, "train")])
    return [*rows, [], *wrapped(_sentence(points, at), width, "plain", 3)]


def _name(point: ReachPoint) -> str:
    return "all" if point.n_visible is None else f"{point.n_visible:,}"


def _sentence(points: Sequence[ReachPoint], at: int) -> str:
    point = points[at]
    seen = f"the last {point.n_visible:,} tokens" if point.n_visible else "all tokens before"
    seen = "only the last token" if point.n_visible == 1 else seen
    text = f"With {seen} visible the loss is {point.loss:.3f} nats per token on validation data"
    if not at:
        return f"{text}."
    gained = points[at - 1].loss - point.loss
    if abs(gained) < 0.0005:
        return f"{text}; more tokens do not change it."
    less = "less" if gained > 0 else "more"
    return f"{text}, {abs(gained):.3f} {less} than with {_name(points[at - 1])}."
