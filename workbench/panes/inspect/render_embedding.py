"""Embedding view: the tokens as points of a map, and the nearest neighbors of one token."""

from collections.abc import Sequence

from rich.cells import cell_len

from seqlm.protocol.view_results import EmbeddingView
from workbench.panes.inspect.cells import beside, cut_row, wrapped
from workbench.panes.inspect.move import map_range, token_at
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.render.bars import draw_bar
from workbench.render.sanitize import fit
from workbench.widgets.row_widget import Row, StyledSpan

_SIDE_CELLS, _SIDE_FROM = 28, 70
_MAX_TOKEN = 10
_VOWELS = frozenset("aeiouAEIOU")
Grid = list[list[tuple[str, str]]]


def embedding_rows(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    """Return the map, and beside or below it the nearest tokens."""
    about = wrapped(_about(model), width, "label", 2)
    room = height - len(about)
    if width >= _SIDE_FROM:
        n_map = width - _SIDE_CELLS - 3
        side = _neighbor_rows(model, _SIDE_CELLS, room)
        return [*about, *beside(_map_rows(model, n_map, room), side, n_map, " │ ")]
    neighbors = _neighbor_rows(model, width, 4)
    return [*about, *_map_rows(model, width, max(3, room - len(neighbors))), *neighbors]


def _about(model: InspectViewModel) -> str:
    result: EmbeddingView = model.result
    x, y = result.map.variance_shares
    n = len(result.map.points)
    if result.map.is_projected:
        return f"{n:,} tokens, first two principal components: {x + y:.0%} of the variance."
    return f"{n:,} tokens; x and y are the two columns of the embedding table."


def _map_rows(model: InspectViewModel, width: int, height: int) -> list[Row]:
    """Return the map; tokens that collide move a few cells aside, or are counted as hidden."""
    points = model.result.map.points
    height = max(1, height - 1)
    grid: Grid = [[(" ", "plain")] * width for _ in range(height)]
    columns, rows = _scaled([x for x, _ in points], width), _scaled([-y for _, y in points], height)
    selected = token_at(model)
    order = [selected, *(i for i in _by_frequency(model) if i != selected)]
    n_hidden = 0
    for token_id in order:
        glyph = fit(model.glyph(token_id), min(_MAX_TOKEN, max(1, cell_len(model.glyph(token_id)))))
        is_selected = token_id == selected
        text = f"[{glyph}]" if is_selected else glyph
        role = "best bold reverse" if is_selected else _role(model, token_id)
        at = columns[token_id] - is_selected
        n_hidden += not _put(grid, text, role, at, rows[token_id])
    return [
        *(_joined(row) for row in grid),
        cut_row([(_left_out(points, n_hidden), "guide")], width),
    ]


def _left_out(points: Sequence[tuple[float, float]], n_hidden: int) -> str:
    """Return how many tokens the map does not show in their place."""
    (left, right), (low, high) = (map_range([p[axis] for p in points]) for axis in (0, 1))
    n_outside = sum(not (left <= x <= right and low <= y <= high) for x, y in points)
    parts = [f"{n_outside:,} further out, drawn at the edge"] if n_outside else []
    parts += [f"{n_hidden:,} hidden under others"] if n_hidden else []
    return "; ".join(parts)


def _by_frequency(model: InspectViewModel) -> Sequence[int]:
    """Return the token ids of the map, the most frequent ones first."""
    n = len(model.result.map.points)
    common = model.preview.description.common if model.preview else ()
    ids = model.preview.text.tokenizer.ids if model.preview else {}
    ranked = [ids[token] for token, _ in common if token in ids and ids[token] < n]
    return list(dict.fromkeys([*ranked, *range(n)]))


def _role(model: InspectViewModel, token_id: int) -> str:
    """Return the role of a token: vowels stand out from other letters and signs."""
    token = model.vocabulary[token_id] if token_id < len(model.vocabulary) else ""
    if token in _VOWELS:
        return "positive bold"
    return "plain" if token.isalpha() else "label"


def _scaled(values: Sequence[float], n_cells: int) -> list[int]:
    """Return the cell of each value; values outside the range of the map are at its edge."""
    low, high = map_range(values)
    shares = (min(1.0, max(0.0, (value - low) / (high - low))) for value in values)
    return [round(share * (n_cells - 1)) for share in shares]


def _put(grid: Grid, text: str, role: str, x: int, y: int) -> bool:
    """Write a text at a place, or up to three cells aside; return False if nothing is free there."""
    n_cells = cell_len(text)
    for shift in (0, 1, -1, 2, -2, 3, -3):
        begin = max(0, min(x + shift, len(grid[y]) - n_cells))
        place = grid[y][begin : begin + n_cells]
        if len(place) == n_cells and all(sign == " " for sign, _ in place):
            grid[y][begin] = (text, role)
            for i in range(begin + 1, begin + n_cells):
                grid[y][i] = ("", role)
            return True
    return False


def _joined(row: Sequence[tuple[str, str]]) -> Row:
    found: list[StyledSpan] = []
    for text, role in row:
        if found and found[-1][1] == role:
            found[-1] = (found[-1][0] + text, role)
        else:
            found.append((text, role))
    return found


def _neighbor_rows(model: InspectViewModel, width: int, height: int) -> list[Row]:
    """Return the place of the selected token and its nearest tokens by cosine similarity."""
    result: EmbeddingView = model.result
    token_id = token_at(model)
    x, y = result.map.points[token_id]
    rows: list[Row] = [
        cut_row(
            [(f"[{model.glyph(token_id)}]", "best bold"), (f" at {x:+.2f}, {y:+.2f}", "plain")],
            width,
        ),
        cut_row([("nearest by cosine similarity", "guide")], width),
    ]
    if result.token_id != token_id:  # the answer about this token is on its way
        return rows
    for other, cosine in result.nearest[: max(0, height - 2)]:
        glyph = fit(model.glyph(other), _MAX_TOKEN)
        bar = draw_bar(cosine, max(0, width - _MAX_TOKEN - 8), model.ascii_only)
        rows.append([(f"{glyph} {cosine:+.2f} ", _role(model, other)), (bar, "train")])
    return rows
