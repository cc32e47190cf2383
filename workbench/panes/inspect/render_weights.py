"""Weights view: one parameter as a table, with the value and the gradient of one weight."""

import math
from collections.abc import Sequence

from seqlm.protocol.view_results import ParameterValues, WeightsView
from workbench.panes.inspect.cells import (
    Matrix,
    beside,
    cut_row,
    matrix_rows,
    shade_legend,
    window,
    wrapped,
)
from workbench.panes.inspect.move import cell_at
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.render.bars import draw_sparkline
from workbench.render.number_format import format_learning_rate, format_probability
from workbench.render.sanitize import fit
from workbench.widgets.row_widget import Row

_GATES = {
    "rnn": ("preactivation",),
    "gru": ("reset gate", "update gate", "candidate"),
    "lstm": ("input gate", "forget gate", "candidate", "output gate"),
}
"""Gates that the rows of the weights of a recurrent layer compute, in the order of PyTorch."""
_LIST_FROM, _LIST_CELLS, _HISTOGRAM = 100, 38, 40


def weight_rows(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    """Return the parameters, the table of one, and the selected weight in one sentence."""
    result: WeightsView = model.result
    sentence = wrapped(_sentence(model, result.selected), width, "plain", 3)
    summary = result.selected.summary
    scale = max(abs(summary.smallest), abs(summary.largest)) or 1.0
    room = height - len(sentence) - 2
    rows, columns = labels(model, result.selected)
    matrix = Matrix(result.selected.values, rows, columns, scale, cell_at(model))
    histogram = _histogram_row(model, result.selected, width)
    if width >= _LIST_FROM:
        n_table = width - _LIST_CELLS - 3
        table = matrix_rows(matrix, n_table, room, model.ascii_only)
        body = beside(_parameter_rows(result, room), table, _LIST_CELLS, " │ ")
    else:
        body = table = matrix_rows(matrix, width, room, model.ascii_only)
    legend = shade_legend(table[1:], scale, width, model.ascii_only)
    return [histogram, *body, *sentence, *legend]


def _parameter_rows(result: WeightsView, height: int) -> list[Row]:
    """Return the parameters of the model around the shown one."""
    names = [parameter.name for parameter in result.parameters]
    at = names.index(result.selected.summary.name)
    rows: list[Row] = [[("  parameter                    shape", "guide")]]
    for i in window(len(names), height - 1, at):
        shape = "×".join(map(str, result.parameters[i].shape))
        name = fit(names[i], _LIST_CELLS - 4 - len(shape))
        role = "plain bold" if i == at else "label"
        rows.append([(f"{'▸' if i == at else ' '} {name}  {shape}", role)])
    return rows


def _histogram_row(model: InspectViewModel, selected: ParameterValues, width: int) -> Row:
    """Return the name and size of the parameter, and the histogram of its values."""
    s = selected.summary
    about = f"{s.name} {'×'.join(map(str, s.shape))}: mean {s.mean:+.3f}, std {s.std:.3f}  "
    low, high = f"{s.smallest:+.2f} ", f" {s.largest:+.2f}"
    n_cells = min(_HISTOGRAM, width - len(about) - len(low) - len(high))
    if n_cells < 8:
        return cut_row([(about, "plain")], width)
    counts = [math.sqrt(count) for count in selected.counts]
    bars = draw_sparkline(counts, n_cells, model.ascii_only)
    return [(about, "plain"), (low, "guide"), (bars.rstrip() or bars, "train"), (high, "guide")]


def labels(model: InspectViewModel, selected: ParameterValues) -> tuple[list[str], list[str]]:
    """Return the labels of rows and columns: tokens where they are tokens, else indices."""
    n_rows, n_columns = len(selected.values), len(selected.values[0])
    name, n_vocab = selected.summary.name, len(model.vocabulary)
    has_token_rows = name in ("table", "embedding.weight", "output.weight") and n_rows >= n_vocab
    has_token_columns = name in ("table", "output.bias") and n_columns >= n_vocab
    rows = _names(model, n_rows) if has_token_rows else _numbers(n_rows)
    if len(selected.summary.shape) == 1:
        rows = [""]
    return rows, _names(model, n_columns) if has_token_columns else _numbers(n_columns)


def _names(model: InspectViewModel, n: int) -> list[str]:
    """Return the tokens; a row after the last token is the empty place of the context."""
    n_vocab = len(model.vocabulary)
    return [model.glyph(i) if i < n_vocab else "·" for i in range(n)]


def _numbers(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def _sentence(model: InspectViewModel, selected: ParameterValues) -> str:
    """Return the value and the gradient of the selected weight, and what the weight does."""
    row, column = cell_at(model)
    rows, columns = labels(model, selected)
    value = selected.values[row][column]
    place = f"{rows[row]}, {columns[column]}" if rows[row] else columns[column]
    first = f"{selected.summary.name}[{place}] = {value:+.4f}: "
    return (
        f"{first}{_role(model, selected, row, column)}. {_gradient(selected, row, column)}".rstrip()
    )


def _role(model: InspectViewModel, selected: ParameterValues, row: int, column: int) -> str:
    name = selected.summary.name
    if name == "table":
        return _table_role(model, selected.values[row], row, column)
    rows, _ = labels(model, selected)
    if name == "embedding.weight":
        return f"column {column} of the embedding of {rows[row]}"
    if name == "output.weight":
        return f"the weight of hidden unit {column} in the logit of {rows[row]}"
    if name == "output.bias":
        return f"the part of the logit of {model.glyph(column)} that no context changes"
    if model.kind in _GATES and name.startswith("layers."):
        return _gate_role(model, selected, row, column)
    if len(selected.summary.shape) == 1:
        return f"entry {column} of a vector"
    return f"the weight of input {column} in output {row}"


def _gate_role(model: InspectViewModel, selected: ParameterValues, row: int, column: int) -> str:
    """Describe a weight of a recurrent layer, whose gates stand below each other."""
    gates, name = _GATES[model.kind], selected.summary.name
    is_vector = len(selected.summary.shape) == 1
    unit = column if is_vector else row
    n_hidden = selected.summary.shape[0] // len(gates)
    target = f"{gates[unit // n_hidden]} of unit {unit % n_hidden}"
    if is_vector:
        return f"a bias of the {target}"
    source = f"unit {column} of the step before" if "_hh_" in name else f"input {column}"
    return f"the weight of {source} in the {target}"


def _table_role(model: InspectViewModel, logits: Sequence[float], row: int, column: int) -> str:
    """Compare a logit of the bigram table with the logarithm of the counts."""
    first, following = model.glyph(row), model.glyph(column)
    top = max(logits)
    p = math.exp(logits[column] - top) / math.fsum(math.exp(z - top) for z in logits)
    text = (
        f"the logit of {following} after {first}; softmax of the row gives {format_probability(p)}"
    )
    preview = model.preview
    if preview is None or row >= len(preview.vocabulary):
        return text
    share = preview.shares(preview.vocabulary[row])[column]
    return f"{text}, the counts of the training split give {format_probability(share)}"


def _gradient(selected: ParameterValues, row: int, column: int) -> str:
    if selected.gradients is None:
        return ""
    gradient = selected.gradients[row][column]
    if gradient == 0:
        return "Gradient 0: this text does not use this weight."
    change = "smaller" if gradient > 0 else "larger"
    size = format_learning_rate(gradient)
    return f"Gradient {size} on this text: a {change} weight lowers the loss."
