"""Surprisal view: the text as a heat strip, and what was expected at the token under the cursor."""

import math
from collections.abc import Sequence

from rich.cells import cell_len

from seqlm.protocol.view_results import TokenSurprisal
from workbench.panes.inspect.cells import cut_row, window
from workbench.panes.inspect.move import by_surprisal, scored_at
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.render.bars import draw_bar
from workbench.render.number_format import format_loss, format_probability
from workbench.render.palette import surprisal_level
from workbench.render.sanitize import fit, keep_end
from workbench.widgets.row_widget import Row, StyledSpan, row_width

_MIN_CELL, _MAX_CELL = 5, 14
_N_COSTLY, _BEFORE_CELLS = 5, 24


def surprisal_rows(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    """Return the heat strip, the token under the cursor with what was expected, and a summary."""
    places: list[TokenSurprisal] = model.result
    at = scored_at(model)
    summary = _summary_rows(model, places, width)
    detail = _detail_rows(model, places, at, width)
    room = max(2, height - len(summary) - len(detail) - 2)
    strip = _strip_rows(model, places, at, width, room)
    return [*strip, [], *detail, [], *summary][: max(height, 2)]


def _strip_rows(
    model: InspectViewModel, places: Sequence[TokenSurprisal], at: int, width: int, height: int
) -> list[Row]:
    """Return lines of tokens with their surprisal under them; the line of the cursor among them."""
    glyphs = [model.glyph(place.token_id) for place in places]
    size = min(_MAX_CELL, max(_MIN_CELL, max(map(cell_len, glyphs)) + 2)) + 1
    per_line = max(1, width // size)
    n_lines = -(-len(places) // per_line)
    gap = 1 if n_lines * 3 - 1 <= height else 0
    rows: list[Row] = []
    for line in window(n_lines, (height + gap) // (2 + gap), at // per_line):
        indices = range(line * per_line, min(len(places), (line + 1) * per_line))
        tokens, numbers = _line(model, places, indices, size, at)
        rows += [*([[]] if rows and gap else []), tokens, numbers]
    return rows


def _line(
    model: InspectViewModel, places: Sequence[TokenSurprisal], indices: range, size: int, at: int
) -> tuple[Row, Row]:
    """Return the tokens of one line, and the row of their surprisals."""
    tokens: list[StyledSpan] = []
    numbers: list[StyledSpan] = []
    for i in indices:
        role = f"surprisal_{surprisal_level(places[i].surprisal)}"
        glyph = _token_cell(model.glyph(places[i].token_id), size - 1, i == at)
        number = _centered(f"{places[i].surprisal:.2f}", size - 1)
        tokens += [(glyph, f"{role} bold" if i == at else role), (" ", "plain")]
        numbers += [(number, role), (" ", "plain")]
    return tokens, numbers


def _token_cell(glyph: str, n_cells: int, is_marked: bool) -> str:
    glyph = fit(glyph, min(cell_len(glyph), n_cells - 2))
    return _centered(f"[{glyph}]" if is_marked else glyph, n_cells)


def _centered(text: str, n_cells: int) -> str:
    left = max(0, n_cells - cell_len(text)) // 2
    return fit(" " * left + text, n_cells)


def _detail_rows(
    model: InspectViewModel, places: Sequence[TokenSurprisal], at: int, width: int
) -> list[Row]:
    """Return the surprisal of the token under the cursor and the most probable tokens there."""
    place = places[at]
    before = keep_end(model.joined_glyphs(at + 1), _BEFORE_CELLS)
    p = format_probability(math.exp(-place.surprisal))
    head: list[StyledSpan] = [
        (f"[{model.glyph(place.token_id)}]", f"surprisal_{surprisal_level(place.surprisal)} bold"),
        (f" after {before}: ", "plain"),
        (f"-ln {p} = {format_loss(place.surprisal, 2)} nats", "plain bold"),
    ]
    for note in (_rank(place.rank), f"expected on average {place.entropy:.2f}"):
        if row_width(head) + len(note) + 2 <= width:
            head.append((f"; {note}", "label"))
    size = max([3, *(cell_len(model.glyph(i)) for i, _ in place.expected)])
    size = min(size, _MAX_CELL)
    rows: list[Row] = [cut_row(head, width)]
    for token_id, share in place.expected:
        is_target = token_id == place.token_id
        role = "best bold" if is_target else "plain"
        bar = draw_bar(share, max(0, min(40, width - size - 16)), model.ascii_only)
        mark = "▸ " if is_target else "  "
        rows.append(
            [
                (f"{mark}{fit(model.glyph(token_id), size)} ", role),
                (f"{format_probability(share):>6} ", role),
                (bar, "train"),
            ]
        )
    return rows


def _rank(rank: int) -> str:
    if rank == 0:
        return "the most probable token"
    return f"{rank:,} token{'s' * (rank > 1)} more probable"


def _summary_rows(
    model: InspectViewModel, places: Sequence[TokenSurprisal], width: int
) -> list[Row]:
    """Return the most surprising tokens and their share of all nats."""
    total = math.fsum(place.surprisal for place in places)
    order = by_surprisal(list(places))[: min(_N_COSTLY, max(1, len(places) // 3))]
    costly = "   ".join(
        f"{model.glyph(places[i].token_id)} {places[i].surprisal:.2f}" for i in order
    )
    share = math.fsum(places[i].surprisal for i in order) / total if total > 0 else 0.0
    mean = f"mean {format_loss(total / len(places), 3)} nats"
    what = f"{len(order)} of {len(places)} tokens have {share:.0%} of the surprisal"
    return [
        cut_row([("most surprising  ", "label"), (costly, "plain")], width),
        cut_row([(f"{what}; {mean}", "label")], width),
    ]
