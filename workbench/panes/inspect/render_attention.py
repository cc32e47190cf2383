"""Attention view: all heads with their scores for known patterns, and one head as a matrix."""

from collections.abc import Sequence

from rich.cells import cell_len

from seqlm.protocol.view_results import AttentionHead
from workbench.panes.inspect.cells import (
    WIDE,
    Matrix,
    beside,
    cut_row,
    format_share,
    matrix_rows,
    window,
    wrapped,
)
from workbench.panes.inspect.move import row_at
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.render.bars import draw_bar
from workbench.render.sanitize import fit
from workbench.widgets.row_widget import Row

_KINDS = (
    ("previous_token", "prev", "the previous token"),
    ("first_token", "first", "the first token"),
    ("same_token", "same", "earlier copies of the same token"),
    ("induction", "induc", "the token after an earlier copy (induction)"),
)
_NAMED_FROM = 0.5
_NAME_CELLS, _SCORE_CELLS = 13, 6
_LIST_CELLS = _NAME_CELLS + _SCORE_CELLS * len(_KINDS)
_WEIGHTS_CELLS = 26


def attention_rows(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    """Return the heads, the matrix of the selected head, and the weights of one position."""
    heads: list[AttentionHead] = model.result
    if not heads:
        return [[("This model has no attention head.", "label")]]
    head = heads[row_at(model)]
    sentence = wrapped(_sentence(model, head), width, "plain", 2)
    room = height - len(sentence) - 1
    glyphs = model.glyphs()
    pattern = [
        row[: t + 1] for t, row in enumerate(head.pattern)
    ]  # no token attends to a later one
    matrix = Matrix(pattern, glyphs, glyphs, 1.0, (model.at, model.at), is_signed=False)
    listed = _head_rows(model, heads, room)
    n_matrix = width - _LIST_CELLS - 3
    if width < _LIST_CELLS + _WEIGHTS_CELLS + 40:
        body = beside(
            listed, matrix_rows(matrix, n_matrix, room, model.ascii_only), _LIST_CELLS, " │ "
        )
        return [*body, [], *sentence]
    needed = len(glyphs) * WIDE + max(map(cell_len, glyphs)) + 4
    n_matrix = min(n_matrix - _WEIGHTS_CELLS - 3, needed)
    drawn = matrix_rows(matrix, n_matrix, room, model.ascii_only)
    right = beside(drawn, _weight_rows(model, head, room), n_matrix, " │ ")
    return [*beside(listed, right, _LIST_CELLS, " │ "), [], *sentence]


def _head_rows(model: InspectViewModel, heads: Sequence[AttentionHead], height: int) -> list[Row]:
    """Return the heads around the cursor with their mean weight on each known pattern."""
    at = row_at(model)
    names = "".join(f"{name:>{_SCORE_CELLS}}" for _, name, _ in _KINDS)
    rows: list[Row] = [[(f"{'  head':<{_NAME_CELLS}}{names}", "guide")]]
    for i in window(len(heads), height - 1, at):
        head = heads[i]
        mark = "▸" if i == at else " "
        cut = "✗" if head.name in model.without else " "
        role = "plain bold" if i == at else "plain"
        row = [(fit(f"{mark}{cut}{head.name.removeprefix('layer.')}", _NAME_CELLS), role)]
        for kind, _, _ in _KINDS:
            score = getattr(head, kind)
            text = "—" if score is None else format_share(score)
            strong = score is not None and score >= _NAMED_FROM
            row.append((f"{text:>{_SCORE_CELLS}}", "best bold" if strong else "label"))
        rows.append(row)
    return rows


def _weight_rows(model: InspectViewModel, head: AttentionHead, height: int) -> list[Row]:
    """Return the tokens that the position under the cursor looks at, the strongest first."""
    glyphs, weights = model.glyphs(), head.pattern[model.at]
    order = sorted(range(model.at + 1), key=lambda j: -weights[j])[: max(0, height - 2)]
    size = min(8, max(1, *(cell_len(glyphs[j]) for j in order)))
    rows: list[Row] = [[(fit(f"{glyphs[model.at]} looks at", _WEIGHTS_CELLS), "guide")]]
    for j in order:
        bar = draw_bar(weights[j], _WEIGHTS_CELLS - size - 10, model.ascii_only)
        text = f"{fit(glyphs[j], size)} {j:>3} {format_share(weights[j]):>4} "
        rows.append([(text, "plain"), (bar, "train")])
    total = sum(weights[: model.at + 1])
    return [*rows, cut_row([(f"sum {total:.2f}", "label")], _WEIGHTS_CELLS)]


def _sentence(model: InspectViewModel, head: AttentionHead) -> str:
    glyphs, weights = model.glyphs(), head.pattern[model.at]
    order = sorted(range(model.at + 1), key=lambda j: -weights[j])[:3]
    looks = ", ".join(f"{glyphs[j]} {weights[j]:.2f}" for j in order)
    first = f"{head.name}: after reading {glyphs[model.at]} it looks at {looks}."
    scores = [(getattr(head, kind) or 0.0, words) for kind, _, words in _KINDS]
    score, words = max(scores)
    if score < _NAMED_FROM:
        return f"{first} No known pattern."
    return f"{first} Mean weight on {words}: {score:.2f}."
