"""Network view: every tensor of one prediction, and softmax and cross-entropy by hand."""

import math
from collections.abc import Sequence

from rich.cells import cell_len

from seqlm.protocol.view_results import NamedTensor, Network, SoftmaxTable
from workbench.panes.inspect.cells import (
    WIDE,
    beside,
    cut_row,
    hidden_text,
    largest_size,
    signed_cell,
    signed_cells,
    window,
    wrapped,
)
from workbench.panes.inspect.explain_tensor import explain_tensor
from workbench.panes.inspect.move import row_at, tensor_at, tensor_unit_at
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.render.bars import draw_bar
from workbench.render.number_format import format_compact, format_loss
from workbench.render.sanitize import fit
from workbench.widgets.row_widget import Row, StyledSpan

_BESIDE_FROM, _SOFTMAX_CELLS = 100, 50
_MAX_TOKEN, _INDEX_CELLS, _VALUE_ROWS = 12, 6, 8


def network_rows(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    """Return the tensors with the selected number explained, and the softmax table."""
    if width >= _BESIDE_FROM:
        n_left = width - _SOFTMAX_CELLS - 3
        explained = wrapped(explain_tensor(model), n_left, "plain", 4)
        listed = _tensor_rows(model, n_left, height - len(explained) - _VALUE_ROWS - 3)
        room = height - len(explained) - len(listed) - 3
        left = [*listed, [], *explained, [], *_value_rows(model, n_left, room)]
        return beside(left, _softmax_rows(model, _SOFTMAX_CELLS, height), n_left, " │ ")
    explained = wrapped(explain_tensor(model), width, "plain", 2)
    room = height - len(explained)
    n_tensors = min(len(model.result.tensors) + 1, max(3, room // 2))
    tensors = _tensor_rows(model, width, n_tensors)
    return [
        *tensors,
        *explained,
        *_softmax_rows(model, width, height - len(tensors) - len(explained)),
    ]


def _tensor_rows(model: InspectViewModel, width: int, height: int) -> list[Row]:
    """Return one row for each tensor around the cursor, with its name, shape and values."""
    result: Network = model.result
    at = row_at(model)
    shown = window(len(result.tensors), height - 1, at)
    tensors = [result.tensors[i] for i in shown]
    n_name = max(len("tensor"), *(len(t.name) for t in tensors))
    n_shape = max(len("shape"), *(len(_shape(t)) for t in tensors))
    head = f"  {'tensor'.ljust(n_name)}  {'shape'.ljust(n_shape)}  values here"
    hidden = hidden_text(len(result.tensors), shown, "  rows")
    rows: list[Row] = [cut_row([(head, "guide"), (hidden, "guide")], width)]
    for i, tensor in zip(shown, tensors, strict=True):
        is_at = i == at
        label = f"{'▸' if is_at else ' '} {tensor.name.ljust(n_name)}  "
        unit = tensor_unit_at(model) if is_at else -1
        room = width - n_name - n_shape - 6
        values = signed_cells(
            tensor.values, largest_size([tensor.values]), room, unit, model.ascii_only
        )
        shape = f"{_shape(tensor).ljust(n_shape)}  "
        rows.append([(label, "plain bold" if is_at else "plain"), (shape, "label"), *values])
    return rows


def _value_rows(model: InspectViewModel, width: int, height: int) -> list[Row]:
    """Return the values of the selected tensor as numbers, the selected one among them."""
    tensor, unit = tensor_at(model), tensor_unit_at(model)
    per_line = max(1, (width - _INDEX_CELLS) // WIDE)
    per_line = per_line // 10 * 10 or per_line
    n_lines = -(-len(tensor.values) // per_line)
    rows: list[Row] = []
    for line in window(n_lines, height, unit // per_line) if height > 0 else ():
        start = line * per_line
        row: list[StyledSpan] = [(f"{start:>{_INDEX_CELLS - 1}} ", "guide")]
        for i, value in enumerate(tensor.values[start : start + per_line], start):
            text, role = signed_cell(value, 1.0, True, model.ascii_only)
            row.append((text, f"{role} reverse bold" if i == unit else role))
        rows.append(row)
    return rows


def _shape(tensor: NamedTensor) -> str:
    return "×".join(map(str, tensor.shape))


def _softmax_rows(model: InspectViewModel, width: int, height: int) -> list[Row]:
    """Return logits, exponentials and probabilities, most probable first, and the loss."""
    table: SoftmaxTable = model.result.softmax
    tail = _loss_rows(model, table, width)
    order = sorted(range(len(table.logits)), key=lambda i: -table.logits[i])
    n_shown = max(1, height - 2 - len(tail))
    shown = order[:n_shown]
    if table.target_id is not None and table.target_id not in shown:
        shown = [*shown[:-1], table.target_id]
    size = min(_MAX_TOKEN, max(5, *(cell_len(model.glyph(i)) for i in shown)))
    rows = [_softmax_row(model, table, i, size, width) for i in shown]
    logit = f"z+{model.added_to_logits:.0f}" if model.added_to_logits else "logit"
    head = f"  {'token'.ljust(size)} {logit:>8} {_exp_name(table):>11}      p"
    total = f"  {'sum'.ljust(size)}          {_number(table.total):>11}  1.000"
    if len(order) > len(shown):
        total += f"  {len(order) - len(shown):,} more"
    return [cut_row([(head, "guide")], width), *rows, cut_row([(total, "label")], width), *tail]


def _exp_name(table: SoftmaxTable) -> str:
    return f"e^(z{-table.shift:+.2f})" if table.shift else "e^z"


def _softmax_row(
    model: InspectViewModel, table: SoftmaxTable, i: int, size: int, width: int
) -> Row:
    p = table.probabilities[i]
    is_target = i == table.target_id
    role = "best bold" if is_target else "plain"
    numbers = f"{table.logits[i]:8.3f} {_number(table.exponentials[i]):>11} {_probability(p):>6} "
    bar = draw_bar(p, max(0, width - size - 31), model.ascii_only)
    mark = "▸ " if is_target else "  "
    return [
        (f"{mark}{fit(model.glyph(i), size)} ", role),
        (numbers, role),
        (bar, "best" if is_target else "train"),
    ]


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf"
    return f"{value:.4f}" if value < 1e5 else format_compact(value)


def _probability(p: float) -> str:
    return f"{p:.3f}" if math.isfinite(p) else "NaN"


def _loss_rows(model: InspectViewModel, table: SoftmaxTable, width: int) -> list[Row]:
    """Return the cross-entropy of the target, and what went wrong with it."""
    if table.target_id is None or table.loss is None:
        return [
            cut_row(
                [(f"No target yet: {model.key('left')} selects the token before.", "label")], width
            )
        ]
    p = table.probabilities[table.target_id]
    target = model.glyph(table.target_id)
    loss = f"loss = -ln p = -ln {_probability(p)} = {format_loss(table.loss, 3)} nats"
    words = f"▸ target {target}: {loss}"
    rows: list[Row] = [cut_row([(words, "best bold")], width)]
    if not math.isfinite(table.loss) and table.stable_loss is not None:
        stable = f"! e^z overflows float32 above e^88. log-softmax: {table.stable_loss:.3f} nats"
        rows.append(cut_row([(stable, "warning")], width))
    return rows
