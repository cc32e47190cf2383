"""Tree view of the text's branches, each with its novelty and surprisal."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from seqlm.data.tokenizer import END
from workbench.corpus.novelty import describe_novelty
from workbench.panes.generate.view_model import GenerateView, mean_nats
from workbench.render.palette import surprisal_level
from workbench.render.sanitize import fit
from workbench.sampling.branches import Branch, TreeRow, first_divergent_index, tree_rows
from workbench.widgets.appearance import fit_row, mark_clickable

_UP_DOWN, _LEFT_RIGHT = "<generate.up><generate.down>", "<generate.back><generate.draw>"
_KEEP = "<generate.drop> delete   <generate.keep> keep   <generate.undo> undo"
TREE_KEYS = (
    f"{_UP_DOWN} branch   {_LEFT_RIGHT} along it   <generate.open> go there   "
    f"<generate.fork> branch here   {_KEEP}",
    f"{_UP_DOWN} branch  {_LEFT_RIGHT} along it  <generate.open> go there  "
    f"<generate.fork> new  {_KEEP.replace('   ', '  ')}",
    f"{_UP_DOWN} {_LEFT_RIGHT} move  <generate.open> there  "
    "<generate.fork> <generate.drop> <generate.keep> <generate.undo>",
)
_HEAD, _MIN_TREE, _MAX_TEXT, _MAX_COLUMN = 2, 8, 16, 30


class _Grid(NamedTuple):
    """Layout of the tree.

    Attributes:
        edges: Cell at which each place starts; the last value is the width of the tree.
        parting: Places at which branches diverge.
        is_spaced: True if there are spaces between the tokens.
        gap: Space between two tokens of the tokenizer.
    """

    edges: list[int]
    parting: frozenset[int]
    is_spaced: bool
    gap: str

    @property
    def width(self) -> int:
        """Width of the tree in cells."""
        return self.edges[-1]


def branch_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """Return a row for each branch around the current one: the tree, then its properties."""
    if width < 1 or height < 1:
        return []
    rows = tree_rows(view.text.branches)
    at = next(n for n, row in enumerate(rows) if row.index == view.text.state.current)
    holder = next(n for n in range(at, -1, -1) if rows[n].first_place <= view.text.cursor)
    columns = _columns_that_fit(view, rows, width)
    room = width - (sum(map(cell_len, columns[0])) if columns else 0)
    grid = _grid(view, rows, max(1, room - _HEAD - 1))
    first = min(max(0, at - height + 1), max(0, len(rows) - height))
    found = []
    for n in range(first, min(len(rows), first + height)):
        tree = _tree_row(view, rows[n], grid, n == 0, n == holder)
        row = fit_row(tree, min(room, grid.width + _HEAD + 1 + grid.is_spaced))
        for words in columns[rows[n].index] if columns else ():
            row.append(words, view.appearance.palette.label)
        found.append(fit_row(row, width))
    return found


def format_origin(view: GenerateView, index: int) -> str:
    """Return whether a branch was sampled, or which of its tokens a person chose."""
    branches = view.text.branches
    own = branches[index].sampled[first_divergent_index(branches, index) :]
    chosen = next((token for token in own if token.u is None), None)
    if chosen is None:
        return "sampled" if branches[index].sampled else "no tokens yet"
    return f"you chose {view.glyph(chosen.token)} ({chosen.probability:.3f})"


def whole_text(view: GenerateView, branch: Branch) -> str:
    """Return the prompt and a branch on one line, without the end token."""
    end = len(branch.sampled) - branch.has_ended
    tokens = [*view.text.prompt, *(token.token for token in branch.sampled[:end])]
    return view.glyphs(tokens)


# Properties of each branch


def _columns_that_fit(view: GenerateView, rows: Sequence[TreeRow], width: int) -> list[list[str]]:
    """Return for each branch the texts beside the tree.

    A spaced tree has priority over the last columns, and a complete tree over all columns.
    """
    choices = _choices(view)
    spaced, dense = (_edges(view, rows, is_spaced)[-1] for is_spaced in (True, False))
    for wanted, tried in ((spaced, choices[:3]), (dense, choices), (_MIN_TREE, choices)):
        for columns in tried:
            sizes = [min(max(map(cell_len, part)), _MAX_COLUMN) + 2 for part in columns]
            if width - sum(sizes) > wanted + _HEAD:
                ascii_only = view.appearance.ascii_only
                return [
                    [
                        fit(word, size - 2, ascii_only=ascii_only) + "  "
                        for word, size in zip(row, sizes, strict=True)
                    ]
                    for row in zip(*columns, strict=True)
                ]
    return []


def _choices(view: GenerateView) -> list[tuple[list[str], ...]]:
    """Return choices of columns with a text for each branch, the largest choice first."""
    branches = view.text.branches
    found = [view.finding(branch) for branch in branches]
    means = [mean_nats(view.nats(branch)) for branch in branches]
    letters = [branch.letter for branch in branches]
    texts = [fit(whole := whole_text(view, b), min(_MAX_TEXT, cell_len(whole))) for b in branches]
    words = [describe_novelty(finding) if finding else "" for finding in found]
    short = [word.partition(" (")[0] for word in words]
    nats = ["" if mean is None else f"{mean:.2f}" for mean in means]
    each = [f"{nats[0]} nats/token" if nats[0] else "", *nats[1:]]
    nats = [f"{nats[0]} nats" if nats[0] else "", *nats[1:]]
    how = [format_origin(view, index) for index in range(len(branches))]
    return [
        (letters, texts, words, each, how),
        (letters, texts, short, nats, how),
        (letters, short, nats, how),
        (letters, short, nats),
        (letters, short),
        (letters,),
    ]


# Tree


def _grid(view: GenerateView, rows: Sequence[TreeRow], room: int) -> _Grid:
    """Return a layout with spaces if it fits; else one without, scrolled to the cursor."""
    parting = _parting(rows)
    edges = _edges(view, rows, True)
    is_spaced = edges[-1] <= room
    edges = edges if is_spaced else _edges(view, rows, False)
    hidden = min(edges[-1] - room, edges[min(view.text.cursor, len(edges) - 2)])
    gap = view.source.tokenizer.separator
    return _Grid([edge - max(0, hidden) for edge in edges], parting, is_spaced, gap)


def _parting(rows: Sequence[TreeRow]) -> frozenset[int]:
    return frozenset(place for row in rows for place in row.signs)


def _edges(view: GenerateView, rows: Sequence[TreeRow], is_spaced: bool) -> list[int]:
    """Return the cell at which each place starts, and as the last value the tree's width."""
    branches, parting = view.text.branches, _parting(rows)
    n_places = max(len(branch.sampled) for branch in branches)
    n_places += n_places in parting  # a branch that ends where others continue has a line there
    sizes = [1] * n_places
    for branch in branches:
        for place, token in enumerate(branch.sampled):
            size = min(view.token_cells, cell_len(view.glyph(token.token)))
            sizes[place] = max(sizes[place], size)
    prompt = cell_len(_prompt_glyphs(view))
    gap = len(view.source.tokenizer.separator)
    gaps = [_gap(place in parting, is_spaced, gap) for place in range(n_places)]
    return list(accumulate([prompt, *map(sum, zip(gaps, sizes, strict=True))]))


def _gap(parts: bool, is_spaced: bool, least: int) -> int:
    return (4 if parts else 3) if is_spaced else max(int(parts), least)


def _tree_row(
    view: GenerateView, row: TreeRow, grid: _Grid, is_first: bool, has_cursor: bool
) -> Text:
    appearance, branch = view.appearance, view.text.branches[row.index]
    is_current = row.index == view.text.state.current
    line = Text("").append(appearance.sign("▸") if is_current else " ", appearance.palette.train)
    line.append(appearance.sign("✓") if branch.is_kept else " ", appearance.palette.best)
    if is_first and grid.edges[0] > 0:
        line.append(fit(_prompt_glyphs(view), grid.edges[0]), appearance.palette.plain)
    line = fit_row(line, _HEAD + max(0, grid.edges[0]))
    for place in range(min(len(branch.sampled) + 1, len(grid.edges) - 1)):
        if grid.edges[place] < 0:
            continue
        token = branch.sampled[place] if place < len(branch.sampled) else None
        line.append(
            appearance.sign(_joint(row, grid, place, token is None)), appearance.palette.guide
        )
        if token is None or place < row.first_place:
            line = fit_row(line, _HEAD + grid.edges[place + 1])
            continue
        begin = len(line)
        style = appearance.palette.surprisal[surprisal_level(token.surprisal)]
        here = has_cursor and place == view.text.cursor
        line.append(fit(view.glyph(token.token), _size(grid, place)), style)
        if here:
            line.stylize("reverse bold", begin)
        mark_clickable(line, begin, branch=row.index, place=place)
    return line


def _size(grid: _Grid, place: int) -> int:
    gap = _gap(place in grid.parting, grid.is_spaced, len(grid.gap))
    return max(1, grid.edges[place + 1] - grid.edges[place] - gap)


def _joint(row: TreeRow, grid: _Grid, place: int, is_end: bool) -> str:
    """Return the lines before a token: a line, a divergence, or the line of one further down."""
    sign = row.signs.get(place, "")
    if sign:
        rest = "─" if place >= row.first_place and sign in "┬├└" else " "
        return f" {sign}{rest} " if grid.is_spaced else sign
    blank = is_end or place < row.first_place
    if place in grid.parting:
        return ("    " if blank else " ── ") if grid.is_spaced else (" " if blank else "─")
    return ("   " if blank else " ─ ") if grid.is_spaced else grid.gap


def _prompt_glyphs(view: GenerateView) -> str:
    """Return the prompt; without a prompt the end token, which precedes every item."""
    tokens = view.text.prompt or ((END,) if view.source.has_end else ())
    return view.glyphs(tokens)
