"""Rendering of the Generate pane as rows of text, for any size down to one cell."""

from textwrap import wrap
from typing import cast

from rich.text import Text

from seqlm.generation.sampler import stage_order
from seqlm.sanitize import sanitize
from workbench.panes.generate.bindings import with_key_labels
from workbench.panes.generate.candidate_table import (
    bar_rows,
    format_sampling,
    header_row,
    table_rows,
)
from workbench.panes.generate.side_panel import (
    fixed_seed_rows,
    sample_rows,
    side_rows,
    summary_parts,
)
from workbench.panes.generate.token_strip import label_row, sequence_rows, text_width
from workbench.panes.generate.view_model import GenerateView, StatusMessage
from workbench.panes.pane_view import PaneView, current_view
from workbench.widgets.appearance import finish_row, fit_row, join_ends

_SIDE_FROM_WIDTH, _SIDE_WIDTH = 70, 22
_SIDE_WIDTHS = ((150, 46), (100, 34))
_STAGES_FROM, _TABLE_FROM = 100, 6
_LABELS_FROM, _BAR_FROM, _SPACED_FROM, _HEADER_FROM = 14, 13, 15, 9
_MAX_MESSAGE, _WRAPPED_FROM, _NOTE_FROM, _MIN_NOTE, _PROMPT_NOTE_FROM = 400, 8, 44, 24, 6
_HOTTER_FIRST = "a higher temperature keeps more candidates"
_CUT_FIRST = "the temperature only reshapes the candidates that are left"


def generate_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """Return fit_row `height` rows of `width` cells."""
    if width < 1 or height < 1:
        return []
    bottom = _bottom_rows(view, width, height)
    n_rows = height - len(bottom)
    render = current_view(GENERATE_VIEWS, view, view.showing).render
    body = cast("list[Text]", render(view, width, n_rows))  # every view here renders rich text
    filled = [*body[:n_rows], *[Text("")] * (n_rows - len(body))]
    is_under_field = view.message is not None and view.message.is_under_field
    at = 1 if is_under_field else n_rows  # the field covers the first row
    filled[at:at] = bottom
    return [finish_row(row, width, view.appearance) for row in filled]


# Views


def _next_token_view(view: GenerateView, width: int, height: int) -> list[Text]:
    if width < _SIDE_FROM_WIDTH or height < 4:
        return _next_token_rows(view, width, height)
    side_width = next((size for minimum, size in _SIDE_WIDTHS if width >= minimum), _SIDE_WIDTH)
    left_width = width - side_width - 2
    left = _next_token_rows(view, left_width, height)
    return _side_by_side(view, left, left_width, side_rows(view, side_width, height), height)


def _samples_view(view: GenerateView, width: int, height: int) -> list[Text]:
    if width < _SIDE_FROM_WIDTH or not view.fixed_seed_samples:
        return sample_rows(view, width, height, has_surprisal=True)
    left_width = width - 2 * _SIDE_WIDTH
    fixed_seed = fixed_seed_rows(view, 2 * _SIDE_WIDTH - 2, height)
    samples = sample_rows(view, left_width, height, has_surprisal=True)
    return _side_by_side(view, samples, left_width, fixed_seed, height)


def _stages_view(view: GenerateView, width: int, height: int) -> list[Text]:
    from workbench.panes.generate.stages import stage_rows

    has_bar = height >= _BAR_FROM and bool(view.options)
    note = Text(f"{_summary_beside(view, width)} ", view.appearance.palette.label)
    above = _text_rows(view, width, height, note)
    below = [Text(""), *bar_rows(view, width)] if has_bar else []
    if has_bar and height > 20:
        below += [
            Text(f" {line}", view.appearance.palette.guide)
            for line in wrap(_order_note(view), max(1, width - 1))
        ]
    table = stage_rows(view, width, height - len(above) - len(below)) or _empty_rows(view)
    return [*above, *table, *below]


def _order_note(view: GenerateView) -> str:
    """Return a note about the effect of the stages' order on top-p."""
    order = stage_order(view.sampling)
    is_after = order.index("top-p") > order.index("temperature")
    where, effect = ("after", _HOTTER_FIRST) if is_after else ("before", _CUT_FIRST)
    return f"Order (sample.order): top-p comes {where} temperature, so that {effect}."


def _tree_view(view: GenerateView, width: int, height: int) -> list[Text]:
    from workbench.panes.generate.tree import TREE_KEYS, branch_rows

    keys = [
        Text(f" {view.appearance.sign(text)}", view.appearance.palette.guide)
        for text in (with_key_labels(view, text) for text in TREE_KEYS)
        if len(text) < width
    ][:1]
    has_text = height >= 6
    room = height - (3 if has_text else 0) - (2 if height >= 4 and keys else 0)
    rows = branch_rows(view, width, max(1, room))
    if has_text:
        rows = [*sequence_rows(view, width)[:2], Text(""), *rows]
    rows = [*rows, Text(""), *keys] if height >= 4 else rows
    n_free = height - len(rows) - 1
    if n_free < _TABLE_FROM or not view.options:
        return rows
    table = table_rows(view, width, n_free - 2)
    return [*rows, Text(""), header_row(view, width), *table, Text(f" {format_sampling(view)}")]


def _next_token_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """Return the text, the candidate table and the bar, as far as there is room."""
    has_bar = height >= _BAR_FROM and bool(view.options)
    above = _text_rows(view, width, height, _entropy(view), not has_bar)
    below = [Text(""), *bar_rows(view, width)] if has_bar else []
    if has_bar and height < _SPACED_FROM:
        below = below[1:]
    n_rows = height - len(above) - len(below)
    if width >= _STAGES_FROM and height >= _SPACED_FROM:
        from workbench.panes.generate.stages import stage_rows

        table = stage_rows(view, width, n_rows)
    else:
        heads = [header_row(view, width)] if height >= _HEADER_FROM and view.options else []
        table = [*heads, *table_rows(view, width, n_rows - len(heads))]
    return [*above, *(table or _empty_rows(view)), *below]


def _guess_view(view: GenerateView, width: int, height: int) -> list[Text]:
    from workbench.panes.generate.guess import guess_rows

    return guess_rows(view, width, height)


def _side_by_side(
    view: GenerateView, left: list[Text], left_width: int, right: list[Text], height: int
) -> list[Text]:
    border = Text(view.appearance.sign(" │"), view.appearance.palette.guide)
    blank = [Text("")] * height
    rows = zip([*left, *blank][:height], [*right, *blank][:height], strict=True)
    return [fit_row(a, left_width) + border + b for a, b in rows]


GENERATE_VIEWS: tuple[PaneView[GenerateView], ...] = (
    PaneView(
        "next token",
        _next_token_view,
        "the probability of each candidate, under the model and after the sampling settings. The "
        "bar lays the candidates side by side from 0 to 1; the random number u selects one of them.",
    ),
    PaneView("samples", _samples_view, "whole texts, and whether they occur in the corpus."),
    PaneView(
        "stages",
        _stages_view,
        "the effect of temperature, top-k, top-p and min-p on the candidates, in the order of "
        "sample.order; ln p equals the model's logit up to a constant.",
    ),
    PaneView(
        "tree",
        _tree_view,
        "the branches; another token at a place starts a branch, and the old branch stays.",
    ),
    PaneView(
        "guess",
        _guess_view,
        "your guesses against the model's, on text that the model was not trained on.",
    ),
)
"""Views of the pane in the order of the key that switches them; their names are `VIEWS`."""

GENERATE_HELP = (
    "The distribution of the next token, and the text sampled from it. The number under each token "
    "is its surprisal in nats: -ln p under the model, independent of the sampling settings. "
    "A sampled text stays frozen at the weights that produced it; "
    "<generate.leave> discards the text and follows the live model."
)


# Parts of the views


def _text_rows(
    view: GenerateView, width: int, height: int, note: Text, has_draw: bool = False
) -> list[Text]:
    """Return the text with its surprisal, a note, and the effect of the random number."""
    n_lines = max(1, min(4, (height - 18) // 4))
    room = width - note.cell_len - 2 if width >= _NOTE_FROM else width
    tokens, nats, *more = sequence_rows(view, room, n_lines)
    rows = [label_row(view, room)] if height >= _LABELS_FROM and room > 30 else []
    rows.append(join_ends(tokens, note, width) if room < width else tokens)
    if height >= 4:
        text = Text(f"{format_sampling(view)} " if has_draw else "", view.appearance.palette.label)
        rows.append(join_ends(nats, text, width))
        rows += more
    return [*rows, Text("")] if height >= _SPACED_FROM else rows


def _entropy(view: GenerateView) -> Text:
    if view.prediction is None or not view.options:
        return Text("")
    before, after = view.prediction.entropy_nats, view.entropy_sampled_nats
    change = view.appearance.sign(f" → {after:.2f}") if abs(before - after) >= 0.005 else ""
    return Text(f"entropy {before:.2f}{change} ", view.appearance.palette.label)


def _empty_rows(view: GenerateView) -> list[Text]:
    text = " Waiting for the model" if view.source.vocabulary else " Loading the corpus"
    return [Text(text, view.appearance.palette.guide)]


def _bottom_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """Return the pending request, else the message or note, else the summary of the text."""
    appearance, message = view.appearance, view.message
    if message is None and view.prompt_note and height >= _PROMPT_NOTE_FROM:
        message = StatusMessage(view.prompt_note)
    if height < 2:
        return []
    if view.waited_s is not None:
        cancel = with_key_labels(view, "<generate.give_up>")
        text = f"○ Waiting for the model: {view.waited_s:.1f} s. {cancel} cancels."
        return [Text(appearance.sign(text), appearance.palette.waiting)]
    if message is not None:
        sign, style = (
            ("✗", appearance.palette.error) if message.is_error else ("▸", appearance.palette.plain)
        )
        text = appearance.sign(f"{sign} {sanitize(message.text, _MAX_MESSAGE)}")
        lines = wrap(text, max(1, width)) if height >= _WRAPPED_FROM else [text]
        return [Text(line, style) for line in lines[:3]]
    is_beside_text = view.showing == "stages" and _summary_beside(view, width)
    if view.showing in ("samples", "guess") or is_beside_text or height < 6:
        return []
    text = _summary(view, width - 2)
    return [Text(appearance.sign(f" {text}"), appearance.palette.label)] if text else []


def _summary_beside(view: GenerateView, width: int) -> str:
    """Return the summary of the text if it fits beside the text."""
    needed = text_width(view, width)
    room = width // 2 if needed is None else width - needed - 3
    text = _summary(view, room) if width >= _NOTE_FROM and room >= _MIN_NOTE else ""
    return text if " · " in text or not view.text.branch.has_ended else ""


def _summary(view: GenerateView, width: int) -> str:
    """Return the summary of the text, shortened to a width."""
    if not view.has_sampled_text or width < 1:
        return ""
    parts = summary_parts(view)
    while len(parts) > 1 and len(" · ".join(parts)) > width:
        parts = parts[:-1]
    return " · ".join(parts)[:width]
