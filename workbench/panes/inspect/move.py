"""Effect of the cursor keys on the view model, and the activation under the cursor of each view."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from workbench.panes.inspect.view_model import (
    InspectViewModel,
    clamp,
    move_position,
    with_cursor,
)

if TYPE_CHECKING:  # the first frame does not need this module
    from seqlm.protocol.view_results import EmbeddingView, NamedTensor, TokenSurprisal

_NO_UNITS = ("one_hot",)
_OUTLIER_SHARE = 20


def n_rows(model: InspectViewModel) -> int:
    """Return the number of rows that the cursor of the current view can select."""
    result = model.result
    match model.view_name:
        case "network":
            return len(result.tensors)
        case "state":
            return len(result.units)
    return len(result)


def row_at(model: InspectViewModel) -> int:
    """Return the selected row; in the view state the row of the selected unit."""
    if model.view_name == "state":
        units = [unit.unit for unit in model.result.units]
        return units.index(model.cursor.column) if model.cursor.column in units else 0
    return clamp(model.cursor.row, n_rows(model))


def move_in_list(model: InspectViewModel, dx: int, dy: int) -> InspectViewModel:
    """Move to another token of the text, and to another row."""
    moved = move_position(model, dx) if dx else model
    if not dy:
        return moved
    row = clamp(row_at(model) + dy, n_rows(model))
    # Units are sorted anew in each answer, so the unit is kept and not its row.
    unit = model.result.units[row].unit if model.view_name == "state" else -1
    return with_cursor(moved, row=row, column=unit)


def tensor_at(model: InspectViewModel) -> "NamedTensor":
    """Return the selected tensor of the network."""
    tensor: NamedTensor = model.result.tensors[row_at(model)]
    return tensor


def tensor_unit_at(model: InspectViewModel) -> int:
    """Return the selected entry of the selected tensor; at first the largest one."""
    values = tensor_at(model).values
    if model.cursor.column < 0:
        return max(range(len(values)), key=lambda i: abs(values[i]))
    return clamp(model.cursor.column, len(values))


def next_tensor_unit(model: InspectViewModel, by: int) -> InspectViewModel:
    """Select the next entry of the selected tensor, in a circle."""
    n = len(tensor_at(model).values)
    return with_cursor(model, column=(tensor_unit_at(model) + by) % max(1, n))


def cut_tensor_unit(model: InspectViewModel) -> str | None:
    """Return the selected unit of the network; a one-hot vector is no activation."""
    tensor = tensor_at(model)
    if tensor.name in _NO_UNITS:
        return None
    return f"{tensor.name}.{tensor_unit_at(model) % tensor.shape[-1]}"


def _next_part(
    model: InspectViewModel, names: Sequence[str], shown: str, by: int
) -> InspectViewModel:
    """Select the next of some names; the shown one may be behind the selected one."""
    name = model.cursor.part if model.cursor.part in names else shown
    index = names.index(name) if name in names else 0
    return with_cursor(model, part=names[(index + by) % len(names)], row=0, column=-1)


def next_activation(model: InspectViewModel, by: int) -> InspectViewModel:
    """Show the next activation of the model."""
    return _next_part(model, model.result.names, model.result.name, by)


def cut_unit(model: InspectViewModel) -> str | None:
    """Return the selected unit of the shown activation."""
    if not model.result.units:
        return None
    return f"{model.result.name}.{model.result.units[row_at(model)].unit}"


def cut_head(model: InspectViewModel) -> str | None:
    """Return the selected head."""
    return str(model.result[row_at(model)].name) if model.result else None


def next_parameter(model: InspectViewModel, by: int) -> InspectViewModel:
    """Show the next parameter of the model."""
    names = [parameter.name for parameter in model.result.parameters]
    return _next_part(model, names, model.result.selected.summary.name, by)


def cell_at(model: InspectViewModel) -> tuple[int, int]:
    """Return the row and column of the selected weight."""
    values = model.result.selected.values
    row = clamp(model.cursor.row, len(values))
    return row, clamp(model.cursor.column, len(values[row]))


def move_in_matrix(model: InspectViewModel, dx: int, dy: int) -> InspectViewModel:
    """Move to another weight of the parameter."""
    row, column = cell_at(model)
    values = model.result.selected.values
    row = clamp(row + dy, len(values))
    return with_cursor(model, row=row, column=clamp(column + dx, len(values[row])))


def scored_at(model: InspectViewModel) -> int:
    """Return the index of the scored token under the cursor: the first token is only context."""
    n = len(model.result)
    return n - 1 if model.position < 0 else clamp(model.position - 1, n)


def by_surprisal(places: "list[TokenSurprisal]") -> list[int]:
    """Return the indices of the tokens, the most surprising one first."""
    return sorted(range(len(places)), key=lambda i: -places[i].surprisal)


def move_surprisal(model: InspectViewModel, dx: int, dy: int) -> InspectViewModel:
    """Move over the tokens; up and down go to the next more or less surprising token."""
    at = scored_at(model)
    if not dy:
        return replace(model, position=clamp(at + dx, len(model.result)) + 1)
    order = by_surprisal(model.result)
    return replace(model, position=order[clamp(order.index(at) + dy, len(order))] + 1)


def token_at(model: InspectViewModel) -> int:
    """Return the id of the selected token of the map."""
    result: EmbeddingView = model.result
    part = model.cursor.part
    return result.token_id if part is None else list(model.vocabulary).index(part)


def _in_unit_square(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points with each coordinate from 0 to 1, as the map draws them."""
    columns = []
    for axis in (0, 1):
        low, high = map_range([point[axis] for point in points])
        columns.append([(point[axis] - low) / (high - low) for point in points])
    return list(zip(*columns, strict=True))


def map_range(values: Sequence[float]) -> tuple[float, float]:
    """Return the range that the map shows: without the few points that lie far outside the rest."""
    ordered = sorted(values)
    n_left_out = len(ordered) // _OUTLIER_SHARE
    low, high = ordered[n_left_out], ordered[-1 - n_left_out]
    margin = (high - low) / 2
    low, high = max(ordered[0], low - margin), min(ordered[-1], high + margin)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def move_in_map(model: InspectViewModel, dx: int, dy: int) -> InspectViewModel:
    """Select the nearest token of the map in one direction."""
    points, here = _in_unit_square(model.result.map.points), token_at(model)
    if abs(dx) > 1 or abs(dy) > 1:  # the keys of ten rows and of the ends
        dx, dy = (dx > 0) - (dx < 0), (dy > 0) - (dy < 0)
    best, best_distance = here, math.inf
    for token_id, (x, y) in enumerate(points):
        ahead = (x - points[here][0]) * dx - (y - points[here][1]) * dy
        aside = abs((y - points[here][1]) * dx) + abs((x - points[here][0]) * dy)
        distance = ahead + 2 * aside
        if ahead > 1e-9 and distance < best_distance:
            best, best_distance = token_id, distance
    return with_cursor(model, part=model.vocabulary[best])
