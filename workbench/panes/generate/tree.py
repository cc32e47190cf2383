"""The branches of the text as a tree, each with what became of it."""

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
_KEEP = "<generate.drop> drop   <generate.keep> keep   <generate.undo> undo"
TREE_KEYS = (
    f"{_UP_DOWN} branch   {_LEFT_RIGHT} along it   <generate.open> go there   "
    f"<generate.fork> branch here   {_KEEP}",
    f"{_UP_DOWN} branch  {_LEFT_RIGHT} along it  <generate.open> go there  "
    f"<generate.fork> new  {_KEEP.replace('   ', '  ')}",
    f"{_UP_DOWN} {_LEFT_RIGHT} move  <generate.open> there  "
    "<generate.fork> <generate.drop> <generate.keep> <generate.undo>",
)
_HEAD, _LEAST_TREE, _MOST_TEXT, _MOST_WORDS = 2, 8, 16, 30


class _Grid(NamedTuple):
    """Where the places of the tree stand: the cell at which each begins, and the last one ends."""

    edges: list[int]
    parting: frozenset[int]
    is_spaced: bool
    gap: str

    @property
    def width(self) -> int:
        """In cells."""
        return self.edges[-1]


def branch_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """One row for each branch around the current one: the tree, then what became of it."""
    if width < 1 or height < 1:
        return []
    rows = tree_rows(view.text.branches)
    at = next(n for n, row in enumerate(rows) if row.index == view.text.now.current)
    holder = next(n for n in range(at, -1, -1) if rows[n].begin <= view.text.cursor)
    columns = _columns_that_fit(view, rows, width)
    room = width - (sum(map(cell_len, columns[0])) if columns else 0)
    grid = _grid(view, rows, max(1, room - _HEAD - 1))
    first = min(max(0, at - height + 1), max(0, len(rows) - height))
    found = []
    for n in range(first, min(len(rows), first + height)):
        tree = _tree_row(view, rows[n], grid, n == 0, n == holder)
        row = fit_row(tree, min(room, grid.width + _HEAD + 1 + grid.is_spaced))
        for words in columns[rows[n].index] if columns else ():
            row.append(words, view.look.palette.label)
        found.append(fit_row(row, width))
    return found


def how_words(view: GenerateView, index: int) -> str:
    """Whether a branch was drawn, or which token of it a person chose."""
    branches = view.text.branches
    own = branches[index].drawn[first_divergent_index(branches, index) :]
    chosen = next((token for token in own if token.u is None), None)
    if chosen is None:
        return "drawn" if branches[index].drawn else "nothing drawn yet"
    return f"you chose {view.glyph(chosen.token)} ({chosen.probability:.3f})"


def whole_text(view: GenerateView, branch: Branch) -> str:
    """The prompt and a branch on one line, without the end token."""
    end = len(branch.drawn) - branch.has_ended
    tokens = [*view.text.prompt, *(token.token for token in branch.drawn[:end])]
    return view.glyphs(tokens)


# What became of each branch


def _columns_that_fit(view: GenerateView, rows: Sequence[TreeRow], width: int) -> list[list[str]]:
    """For each branch the words beside the tree: more of them leave the tree less room.

    Rather fewer words and a tree with spaces; rather a whole tree without spaces than all words.
    """
    choices = _choices(view)
    spaced, dense = (_edges(view, rows, is_spaced)[-1] for is_spaced in (True, False))
    for wanted, tried in ((spaced, choices[:3]), (dense, choices), (_LEAST_TREE, choices)):
        for columns in tried:
            sizes = [min(max(map(cell_len, part)), _MOST_WORDS) + 2 for part in columns]
            if width - sum(sizes) > wanted + _HEAD:
                ascii_only = view.look.ascii_only
                return [
                    [
                        fit(word, size - 2, ascii_only=ascii_only) + "  "
                        for word, size in zip(row, sizes, strict=True)
                    ]
                    for row in zip(*columns, strict=True)
                ]
    return []


def _choices(view: GenerateView) -> list[tuple[list[str], ...]]:
    """Columns of words, one for each branch: all there are, then fewer."""
    branches = view.text.branches
    found = [view.finding(branch) for branch in branches]
    means = [mean_nats(view.nats(branch)) for branch in branches]
    letters = [branch.letter for branch in branches]
    texts = [fit(whole := whole_text(view, b), min(_MOST_TEXT, cell_len(whole))) for b in branches]
    words = [describe_novelty(finding) if finding else "" for finding in found]
    short = [word.partition(" (")[0] for word in words]
    nats = ["" if mean is None else f"{mean:.2f}" for mean in means]
    each = [f"{nats[0]} nats each" if nats[0] else "", *nats[1:]]
    nats = [f"{nats[0]} nats" if nats[0] else "", *nats[1:]]
    how = [how_words(view, index) for index in range(len(branches))]
    return [
        (letters, texts, words, each, how),
        (letters, texts, short, nats, how),
        (letters, short, nats, how),
        (letters, short, nats),
        (letters, short),
        (letters,),
    ]


# The tree


def _grid(view: GenerateView, rows: Sequence[TreeRow], room: int) -> _Grid:
    """Spaces between the tokens where there is room; else the end of the longest branch is shown."""
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
    """The cell at which each place begins, after its prompt; the last is where the tree ends."""
    branches, parting = view.text.branches, _parting(rows)
    n_places = max(len(branch.drawn) for branch in branches)
    n_places += n_places in parting  # a branch that ends where others go on has a line there
    sizes = [1] * n_places
    for branch in branches:
        for place, token in enumerate(branch.drawn):
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
    look, branch = view.look, view.text.branches[row.index]
    is_current = row.index == view.text.now.current
    line = Text("").append(look.sign("▸") if is_current else " ", look.palette.train)
    line.append(look.sign("✓") if branch.is_kept else " ", look.palette.best)
    if is_first and grid.edges[0] > 0:
        line.append(fit(_prompt_glyphs(view), grid.edges[0]), look.palette.plain)
    line = fit_row(line, _HEAD + max(0, grid.edges[0]))
    for place in range(min(len(branch.drawn) + 1, len(grid.edges) - 1)):
        if grid.edges[place] < 0:
            continue
        token = branch.drawn[place] if place < len(branch.drawn) else None
        line.append(look.sign(_joint(row, grid, place, token is None)), look.palette.guide)
        if token is None or place < row.begin:
            line = fit_row(line, _HEAD + grid.edges[place + 1])
            continue
        begin = len(line)
        style = look.palette.surprisal[surprisal_level(token.surprisal)]
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
    """What stands before a token: a line, a parting, or the line of a parting further down."""
    sign = row.signs.get(place, "")
    if sign:
        rest = "─" if place >= row.begin and sign in "┬├└" else " "
        return f" {sign}{rest} " if grid.is_spaced else sign
    blank = is_end or place < row.begin
    if place in grid.parting:
        return ("    " if blank else " ── ") if grid.is_spaced else (" " if blank else "─")
    return ("   " if blank else " ─ ") if grid.is_spaced else grid.gap


def _prompt_glyphs(view: GenerateView) -> str:
    """The prompt; the end token, which stands before every item, where there is none."""
    tokens = view.text.prompt or ((END,) if view.source.has_end else ())
    return view.glyphs(tokens)
