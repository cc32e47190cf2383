"""One frame of the Generate pane as rows of text, for any size down to one cell."""

from textwrap import wrap

from rich.text import Text

from workbench.render.text import clean
from workbench.widgets.generate_bar import bar_rows
from workbench.widgets.generate_sequence import cells, label_row, sequence_rows, text_so_far
from workbench.widgets.generate_side import sample_rows, side_rows
from workbench.widgets.generate_table import draw_words, header_row, table_rows
from workbench.widgets.generate_view import GenerateView
from workbench.widgets.look import beside, exactly, finished

_SIDE_FROM_WIDTH, _SIDE_WIDTH, _WIDE_SIDE_WIDTH = 70, 22, 34
_LABELS_FROM, _BAR_FROM, _SPACED_FROM, _HEADER_FROM = 14, 13, 15, 9
_MAX_MESSAGE, _WRAPPED_FROM = 400, 8


def generate_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """Exactly `height` rows of `width` cells."""
    if width < 1 or height < 1:
        return []
    bottom = _message_rows(view, width, height)
    n_rows = height - len(bottom)
    if view.showing == "samples":
        body = sample_rows(view, width, n_rows)
    elif width < _SIDE_FROM_WIDTH or height < 4:
        body = _step_rows(view, width, n_rows)
    else:
        body = _two_columns(view, width, n_rows)
    filled = [*body[:n_rows], *[Text("")] * (n_rows - len(body)), *bottom]
    return [finished(row, width, view.look) for row in filled]


def _two_columns(view: GenerateView, width: int, height: int) -> list[Text]:
    side_width = _WIDE_SIDE_WIDTH if width >= 100 else _SIDE_WIDTH
    left_width = width - side_width - 2
    left = _step_rows(view, left_width, height)
    right = side_rows(view, side_width, height)
    border = Text(view.look.sign(" │"), view.look.palette.guide)
    blank = [Text("")] * height
    rows = zip([*left, *blank][:height], [*right, *blank][:height], strict=True)
    return [exactly(a, left_width) + border + exactly(b, side_width) for a, b in rows]


def _step_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """The text, the table of candidates, and the draw, as far as they have room."""
    has_bar = height >= _BAR_FROM and bool(view.options)
    above = _above(view, width, height, has_bar)
    below = [Text(""), *bar_rows(view, width)] if has_bar else []
    if has_bar and height < _SPACED_FROM:
        below = below[1:]
    n_rows = height - len(above) - len(below)
    table = table_rows(view, width, n_rows) or _nothing_rows(view)
    return [*above, *table, *below][:height]


def _above(view: GenerateView, width: int, height: int, has_bar: bool) -> list[Text]:
    note = _entropy(view)
    room = width - note.cell_len - 2 if width >= 44 else width
    tokens, nats = sequence_rows(view, room)
    rows = [label_row(view, room)] if height >= _LABELS_FROM and room > 30 else []
    rows.append(beside(tokens, note, width) if width >= 44 else tokens)
    if height >= 4:
        words = Text("" if has_bar else f"{draw_words(view)} ", view.look.palette.label)
        rows.append(beside(nats, words, width))
    if height >= _SPACED_FROM:
        rows.append(Text(""))
    if height >= _HEADER_FROM and view.options:
        rows.append(header_row(view, width))
    return rows


def _entropy(view: GenerateView) -> Text:
    if view.prediction is None or not view.options:
        return Text("")
    before, after = view.prediction.entropy_nats, view.entropy_sampled_nats
    change = view.look.sign(f" → {after:.2f}") if abs(before - after) >= 0.005 else ""
    return Text(f"entropy {before:.2f}{change} ", view.look.palette.label)


def _nothing_rows(view: GenerateView) -> list[Text]:
    words = " waiting for the model" if view.source.vocabulary else " reading the data"
    return [Text(words, view.look.palette.guide)]


def _message_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    look, message = view.look, view.message
    if height < 2:
        return []
    if message is not None:
        sign, style = ("✗", look.palette.error) if message.is_error else ("▸", look.palette.plain)
        words = look.sign(f"{sign} {clean(message.text, _MAX_MESSAGE)}")
        lines = wrap(words, max(1, width)) if height >= _WRAPPED_FROM else [words]
        return [Text(line, style) for line in lines[:3]]
    if not view.text.has_ended or view.showing == "samples" or height < 6:
        return []
    known = [cell.surprisal for cell in cells(view) if cell.surprisal is not None]
    words = f" {text_so_far(view)} ends here: {sum(known) / len(known):.2f} nats each"
    return [Text(look.sign(words), look.palette.label)]
