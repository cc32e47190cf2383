"""The views of the Data pane as rows: what is fed, the lines, their lengths, the tokens."""

from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import wrap

from rich.cells import cell_len

from seqlm.data.split import Split
from workbench.corpus.preview import Preview, TrainingExample
from workbench.render.bars import bar
from workbench.render.number_format import compact, count, probability
from workbench.render.sanitize import fit, sanitize, tail, token_glyph
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

_WIDEST_CONTEXT, _SPACED_UP_TO, _FEW = 24, 8, 6
_GETS = "gets"
_EXACT_BELOW = 200_000
_MOST_LENGTHS = 400
_MOST_CELLS = 14

Chances = Mapping[int, Sequence[float]]
"""For some items of train, by number: what the model gives each of their right tokens."""


def summary_rows(preview: Preview, width: int) -> list[Row]:
    """Counts, vocabulary, splits, and what to know about doubles."""
    about = preview.description
    unit, sizes = _sizes(preview)
    size = count if sum(sizes.values()) < _EXACT_BELOW else compact
    rows: list[Row] = [
        [(preview.name, "plain bold"), (f" · {count(sum(sizes.values()))} {unit}", "plain")],
        [(sanitize(about.vocabulary, width), "label")],
        [("  ".join(f"{split} {size(n)}" for split, n in sizes.items()), "label")],
    ]
    if about.n_duplicates:
        rows.append([(f"{count(about.n_duplicates)} equal lines left out", "label")])
    if about.n_overlap:
        share = about.n_overlap / max(1, about.n_items["val"])
        rows.append([(f"! {share:.0%} of the val lines also stand in train", "warning")])
    if about.n_undecodable:
        rows.append(
            [(f"! {count(about.n_undecodable)} bytes were not UTF-8, shown as �", "warning")]
        )
    return rows


def folded_row(situation: AppState, width: int) -> Row:
    """The pane in one row, where there is no room for more."""
    preview = situation.preview
    if preview is None:
        return [(situation.reading or "no text is open", "label")]
    fed = preview.fed(situation.config.model, 0, 6)
    pairs = [f"{_few(preview, one.sees)} → {one.next}" for one in fed]
    unit, sizes = _sizes(preview)
    words = f" · {count(sum(sizes.values()))} {unit} · {preview.text.tokenizer.n_vocab} tokens │ "
    while pairs and cell_len(preview.name + words + "  ".join(pairs)) > width:
        pairs.pop()
    return [(preview.name, "plain"), (words + "  ".join(pairs), "label")]


def _few(preview: Preview, sees: Sequence[str]) -> str:
    gap = preview.text.tokenizer.gap
    if preview.text.only_last:
        return _ends(sees, gap, 2 * _FEW)
    return gap.join(sees[-_FEW:])


def _ends(tokens: Sequence[str], gap: str, n_cells: int) -> str:
    """The first tokens and the last ones, in at most this many cells: the middle is left out."""
    whole = gap.join(tokens)
    if cell_len(whole) <= n_cells:
        return whole
    for n in range(n_cells // 2, 0, -1):
        shown = gap.join((*tokens[:n], "…", *tokens[-n:]))
        if 2 * n < len(tokens) and cell_len(shown) <= n_cells:
            return shown
    return gap.join((*tokens[:1], "…"))


def _sizes(preview: Preview) -> tuple[str, Mapping[Split, int]]:
    """What a text is counted in, and how much of it each split has."""
    text = preview.text
    if text.corpus.mode == "lines":
        return "lines", preview.description.n_items
    return text.tokenizer.unit, {split: text.n_tokens(split) for split in text.items}


def token_cells(preview: Preview, least: int) -> int:
    """The cells that a token gets in a column; a longer one is cut."""
    return min(_MOST_CELLS, max(least, preview.text.tokenizer.longest + 2))


def fed_rows(
    s: AppState, preview: Preview, first: int, width: int, room: int, chances: Chances
) -> list[Row]:
    """What the model sees, which token is right, and what chance it gets."""
    notes = _batch_rows(s, width)
    fed = preview.fed(s.config.model, first, max(0, room - 1 - len(notes)))
    context = s.config.model.context
    is_spaced = context is not None and context <= _SPACED_UP_TO
    gap = " " if is_spaced else preview.text.tokenizer.gap
    sees = [gap.join(one.sees) for one in fed]
    column = min(max([4, *map(cell_len, sees)]), max(4, width // 2), _WIDEST_CONTEXT)
    size = token_cells(preview, 6)
    gets = f"{_GETS.ljust(7)}" if chances else ""
    head: Row = [(f"{'sees'.rjust(column)}   {'next'.ljust(size)}{gets}", "guide")]
    if preview.text.only_last:  # what decides the answer may stand at the beginning
        sees = [_ends(one.sees, gap, column) for one in fed]
    pairs = zip(fed, sees, strict=True)
    rows = [_fed_row(one, shown, column, size, chances) for one, shown in pairs]
    return [*notes, head, *rows]


def _batch_rows(s: AppState, width: int) -> list[Row]:
    """Which of the rows below are fed is drawn where the training is: here it is only said how many."""
    train = s.config.planned.train
    if not train.one_batch or train.batch is None:
        return []
    return [[(fit(f"! the same {count(train.batch)} of these in each step", width), "warning")]]


def _fed_row(one: TrainingExample, shown: str, column: int, size: int, chances: Chances) -> Row:
    shown = tail(shown, column)
    known = chances.get(one.n_item, ())
    gets = probability(known[one.n_target]) if one.n_target < len(known) else ""
    return [
        (fit(shown, column, "right"), "label"),
        (" → ", "guide"),
        (fit(one.next, size - 1) + " ", "plain bold"),
        (gets.ljust(7) if chances else "", "train"),
        (one.item, "best"),
    ]


def line_rows(preview: Preview, first: int, width: int, room: int) -> list[Row]:
    """The text itself, line by line."""
    items = preview.text.items["train"]
    if preview.text.corpus.mode == "lines":
        shown = list(enumerate(items[first : first + room], first + 1))
    else:
        tokenizer = preview.text.tokenizer
        text = tokenizer.join(preview.stream[first : first + room * width * 2])
        # Words alone have no lines.
        lines = wrap(text, max(1, width - 4)) if tokenizer.gap else text.splitlines()
        shown = list(enumerate(lines[:room], 1))
    number = len(count(shown[-1][0])) if shown else 1
    return [
        [(f"{count(i).rjust(number)}  ", "guide"), (sanitize(item, width), "plain")]
        for i, item in shown
    ]


def token_rows(preview: Preview, first: int, width: int, room: int, ascii_only: bool) -> list[Row]:
    """The id of each token and how often it stands in train, most often first."""
    common, ids = preview.description.common, preview.text.tokenizer.ids
    total = sum(n for _, n in common)
    most = common[0][1] if common else 1
    size, id_size = token_cells(preview, 7), max(2, len(str(len(ids) - 1)))
    head: Row = [(f"{'id'.rjust(id_size)}  {'token'.ljust(size)} share    in train", "guide")]
    begin = min(first, max(0, len(common) - max(1, room - 1)))
    shown = common[begin : begin + max(0, room - 1)]
    return [
        head,
        *(
            [
                (f"{str(ids[token]).rjust(id_size)}  ", "label"),
                (fit(token_glyph(token), size - 1) + " ", "plain bold"),
                (f"{probability(n / total)} {count(n).rjust(10)}  ", "label"),
                (bar(n / most, max(0, width - 22 - size - id_size), ascii_only), "train"),
            ]
            for token, n in shown
        ),
    ]


def length_rows(preview: Preview, first: int, width: int, room: int, ascii_only: bool) -> list[Row]:
    """How many lines of train have each length."""
    found, unit = preview.lengths, preview.text.tokenizer.unit
    mean = sum(length * n for length, n in found.items()) / found.total()
    words = f"train: {count(min(found))} to {count(max(found))} {unit}, mean {mean:.1f}"
    counted: Counter[int] = Counter()
    for length, n in found.items():
        counted[min(length, _MOST_LENGTHS)] += n
    lengths, most = sorted(counted), max(counted.values())
    begin = min(first, max(0, len(lengths) - max(1, room - 1)))
    shown = lengths[begin : begin + max(0, room - 1)]
    return [
        [(words, "guide")],
        *(
            [
                (f"{count(length).rjust(5)} {count(counted[length]).rjust(8)}  ", "label"),
                (bar(counted[length] / most, max(0, width - 16), ascii_only), "train"),
            ]
            for length in shown
        ),
    ]
