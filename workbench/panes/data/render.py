"""Rows of the Data pane: the summary of the corpus, and the views examples to tokens."""

from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text

from seqlm.data.split import Split
from seqlm.sanitize import sanitize
from workbench.corpus.preview import Preview, TrainingExample, context_window
from workbench.panes.data.view_model import (
    DataViewModel,
    TargetProbabilities,
    target_probabilities,
)
from workbench.panes.pane_view import PaneView
from workbench.render.bars import draw_bar
from workbench.render.number_format import (
    format_compact,
    format_count,
    format_counted,
    format_probability,
)
from workbench.render.sanitize import fit, keep_end, token_glyph
from workbench.state.app_state import AppState
from workbench.widgets.row_widget import Row

_MAX_CONTEXT_CELLS, _SPACED_UP_TO, _COLLAPSED_CONTEXT = 24, 8, 6
_EXACT_BELOW = 200_000
_MAX_LENGTH = 400
_MAX_TOKEN_CELLS = 14
_MAX_NOTE = 300


def data_rows(
    model: DataViewModel, view: PaneView[DataViewModel], width: int, height: int
) -> Sequence[Row | Text]:
    """Return the summary of the corpus above the rows of a view."""
    if model.preview is None:
        return [[(_progress(model.state) or "No corpus is loaded.", "label")]]
    summary = [*summary_rows(model.preview, width), *_note_rows(model, width)]
    if height < len(summary) + view.min_rows:
        short = [summary[0], *_note_rows(model, width, only_warnings=True)]
        summary = short[: max(1, height - view.min_rows - 1)] if height > 3 else []
    room = height - len(summary) - bool(summary)
    gap: list[Row] = [[]] if summary else []
    return [*summary, *gap, *view.render(model, width, room)]


def _progress(state: AppState | None) -> str:
    return state.loading_message if state else ""


def summary_rows(preview: Preview, width: int) -> list[Row]:
    """Return the size, vocabulary and splits of the corpus."""
    about = preview.description
    total, sizes = _split_sizes(preview)
    size = format_count if sum(sizes.values()) < _EXACT_BELOW else format_compact
    rows: list[Row] = [
        [(preview.name, "plain bold"), (f" · {total}", "plain")],
        [(sanitize(about.vocabulary, width), "label")],
        [("  ".join(f"{split} {size(n)}" for split, n in sizes.items()), "label")],
    ]
    if 0 < about.n_duplicates < sum(about.n_items.values()):  # of more, a note says it
        removed = format_counted(about.n_duplicates, "duplicate line")
        rows.append([(f"{removed} removed", "label")])
    return rows


def _note_rows(model: DataViewModel, width: int, only_warnings: bool = False) -> list[Row]:
    """Return the notes on the text of the corpus in full, warnings first."""
    rows: list[Row] = []
    for note in model.notes:
        mark, style = ("! ", "warning") if note.is_warning else ("", "label")
        if note.is_warning or not only_warnings:
            text = mark + sanitize(note.text, _MAX_NOTE)
            rows += [[(row, style)] for row in wrap(text, max(1, width))]
    return rows


def collapsed_row(model: DataViewModel, width: int) -> Row:
    """Return the corpus and as many training examples as fit in one row."""
    preview = model.preview
    if preview is None or model.state is None:
        return [(_progress(model.state) or "no corpus is loaded", "label")]
    examples = preview.fed(model.state.config.model, 0, _COLLAPSED_CONTEXT)
    pairs = [f"{_short_context(preview, one.sees)} → {one.next}" for one in examples]
    total, _ = _split_sizes(preview)
    size = f" · {total} · {format_counted(preview.text.tokenizer.n_vocab, 'token')} │ "
    while pairs and cell_len(preview.name + size + "  ".join(pairs)) > width:
        pairs.pop()
    return [(preview.name, "plain"), (size + "  ".join(pairs), "label")]


def _short_context(preview: Preview, context: Sequence[str]) -> str:
    gap = preview.text.tokenizer.separator
    if preview.text.only_last:
        return _first_and_last(context, gap, 2 * _COLLAPSED_CONTEXT)
    return gap.join(context[-_COLLAPSED_CONTEXT:])


def _first_and_last(tokens: Sequence[str], gap: str, n_cells: int) -> str:
    """Join the first and the last tokens in at most this many cells, without the middle."""
    whole = gap.join(tokens)
    if cell_len(whole) <= n_cells:
        return whole
    for n in range(n_cells // 2, 0, -1):
        shown = gap.join((*tokens[:n], "…", *tokens[-n:]))
        if 2 * n < len(tokens) and cell_len(shown) <= n_cells:
            return shown
    return gap.join((*tokens[:1], "…"))


def _split_sizes(preview: Preview) -> tuple[str, Mapping[Split, int]]:
    """Return the size of the corpus with its unit, and the size of each split."""
    text, tokenizer = preview.text, preview.text.tokenizer
    if text.corpus.mode == "lines":
        sizes: Mapping[Split, int] = preview.description.n_items
        nouns = "line", "lines"
    else:
        sizes = {split: text.n_tokens(split) for split in text.items}
        nouns = tokenizer.token_noun, tokenizer.token_noun_plural
    return format_counted(sum(sizes.values()), *nouns), sizes


def token_cells(preview: Preview, least: int) -> int:
    """Return the width of a token column in cells; longer tokens are cut."""
    return min(_MAX_TOKEN_CELLS, max(least, preview.text.tokenizer.max_token_length + 2))


def example_rows(model: DataViewModel, width: int, height: int) -> list[Row]:
    """Return one row for each training example: context, target, probability of the target."""
    preview, state = model.text, model.state
    assert state is not None
    notes, known = _one_batch_note(model, width), target_probabilities(model)
    n_rows = max(0, height - 1 - len(notes))
    if model.batch:
        examples, known = _batch_examples(model, n_rows)
    else:
        examples = preview.fed(state.config.model, model.first, n_rows)
    length = state.config.model.context
    is_spaced = length is not None and length <= _SPACED_UP_TO
    gap = " " if is_spaced else preview.text.tokenizer.separator
    contexts = [gap.join(example.sees) for example in examples]
    column = min(max([7, *map(cell_len, contexts)]), max(4, width // 2), _MAX_CONTEXT_CELLS)
    size = token_cells(preview, 8)
    heading = f"{fit('context', column, 'right')}   {fit('target', size)}{'prob' if known else ''}"
    if preview.text.only_last:  # the first tokens of the context may decide the target
        contexts = [_first_and_last(example.sees, gap, column) for example in examples]
    rows = [
        _example_row(example, context, column, size, known)
        for example, context in zip(examples, contexts, strict=True)
    ]
    return [*notes, [(heading, "guide")], *rows]


def _one_batch_note(model: DataViewModel, width: int) -> list[Row]:
    """Return a note for one_batch training; the worker alone knows which examples are in it."""
    train = model.state.config.planned.train if model.state else None
    if train is None or not train.one_batch or train.batch is None:
        return []
    examples = format_counted(train.batch, "example")
    texts = (
        f"! the same {examples} in each step; training shows which",
        f"! the same {examples} in each step",
        f"! the same {examples} each step",
    )
    if model.batch:
        texts = (f"! the {examples} of the only batch, the same in each step", *texts[1:])
    return [[(next((t for t in texts if cell_len(t) <= width), fit(texts[-1], width)), "warning")]]


def _batch_examples(
    model: DataViewModel, n_rows: int
) -> tuple[list[TrainingExample], TargetProbabilities]:
    """Return the visible examples of the only batch, and the probability of each target."""
    first = min(model.first, max(0, len(model.batch) - n_rows))
    shown = list(enumerate(model.batch))[first : first + n_rows]
    state = model.state
    length = state.config.model.context if state else None
    examples = [
        TrainingExample(context_window(context, length), token_glyph(target), "", n, 0)
        for n, (context, target, _) in shown
    ]
    return examples, {n: (probability,) for n, (_, _, probability) in shown}


def _example_row(
    example: TrainingExample, context: str, column: int, size: int, known: TargetProbabilities
) -> Row:
    values = known.get(example.n_item, ())
    value = format_probability(values[example.n_target]) if example.n_target < len(values) else ""
    return [
        (fit(keep_end(context, column), column, "right"), "label"),
        (" → ", "guide"),
        (fit(example.next, size - 1) + " ", "plain bold"),
        (value.ljust(7) if known else "", "train"),
        (example.item, "best"),
    ]


def line_rows(model: DataViewModel, width: int, height: int) -> list[Row]:
    """Return the training text, line by line."""
    preview, first = model.text, model.first
    items = preview.text.items["train"]
    if preview.text.corpus.mode == "lines":
        shown = list(enumerate(items[first : first + height], first + 1))
    else:
        tokenizer = preview.text.tokenizer
        text = tokenizer.join(preview.stream[first : first + height * width * 2])
        # A word tokenizer removes the line breaks.
        lines = wrap(text, max(1, width - 4)) if tokenizer.separator else text.splitlines()
        shown = list(enumerate(lines[:height], 1))
    number = len(format_count(shown[-1][0])) if shown else 1
    return [
        [(f"{format_count(i).rjust(number)}  ", "guide"), (sanitize(item, width), "plain")]
        for i, item in shown
    ]


def token_rows(model: DataViewModel, width: int, height: int) -> list[Row]:
    """Return the id of each token and its frequency in the training split, most frequent first."""
    preview = model.text
    common, ids = preview.description.common, preview.text.tokenizer.ids
    total = sum(n for _, n in common)
    most = common[0][1] if common else 1
    size, id_size = token_cells(preview, 7), max(2, len(str(len(ids) - 1)))
    head: Row = [(f"{'id'.rjust(id_size)}  {'token'.ljust(size)} share    in train", "guide")]
    begin = min(model.first, max(0, len(common) - max(1, height - 1)))
    shown = common[begin : begin + max(0, height - 1)]
    return [
        head,
        *(
            [
                (f"{str(ids[token]).rjust(id_size)}  ", "label"),
                (fit(token_glyph(token), size - 1) + " ", "plain bold"),
                (f"{format_probability(n / total)} {format_count(n).rjust(10)}  ", "label"),
                (
                    draw_bar(n / most, max(0, width - 22 - size - id_size), model.ascii_only),
                    "train",
                ),
            ]
            for token, n in shown
        ),
    ]


def length_rows(model: DataViewModel, width: int, height: int) -> list[Row]:
    """Return the number of training lines of each length."""
    preview = model.text
    found, unit = preview.lengths, preview.text.tokenizer.token_noun_plural
    mean = sum(length * n for length, n in found.items()) / found.total()
    span = f"{format_count(min(found))} to {format_count(max(found))}"
    words = f"train: {span} {unit} a line, mean {mean:.1f}"
    counted: Counter[int] = Counter()
    for length, n in found.items():
        counted[min(length, _MAX_LENGTH)] += n
    lengths, most = sorted(counted), max(counted.values())
    begin = min(model.first, max(0, len(lengths) - max(1, height - 1)))
    shown = lengths[begin : begin + max(0, height - 1)]
    return [
        [(words, "guide")],
        *(
            [
                (
                    f"{format_count(length).rjust(5)} {format_count(counted[length]).rjust(8)}  ",
                    "label",
                ),
                (draw_bar(counted[length] / most, max(0, width - 16), model.ascii_only), "train"),
            ]
            for length in shown
        ),
    ]
