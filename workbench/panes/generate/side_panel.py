"""Side panel of the Generate pane, the title in the border, and the summary of a text."""

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from seqlm.sanitize import sanitize
from workbench.panes.generate.bindings import with_key_labels
from workbench.panes.generate.view_model import VIEWS, GenerateView, mean_nats
from workbench.render import number_format
from workbench.render.palette import surprisal_block, surprisal_level
from workbench.render.sanitize import END, fit
from workbench.widgets.appearance import fit_row

if TYPE_CHECKING:  # the first frame does not need these modules
    from seqlm.protocol.queries import SampleResult

_SPLIT_LABELS = {"train": "in train", "val": "in val", "test": "in test"}
_NOVELTY_WIDTH, _NATS_FROM = 8, 40
_TREE_FROM = 40
_MOST_ROWS = 3
"""Most rows of a sample where there is room: its text, its surprisal, and a blank one."""


def side_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """Return the branches, the fixed-seed samples of some steps, and the latest samples."""
    branches: list[Text] = []
    if len(view.text.branches) > 1 and width >= _TREE_FROM:
        from workbench.panes.generate.tree import branch_rows

        branches = [
            Text(
                with_key_labels(view, " branches (<generate.view>)"), view.appearance.palette.guide
            )
        ]
        branches += [*branch_rows(view, width, max(1, height // 3)), Text("")]
    below = _fixed_seed_and_samples(view, width, height - len(branches))
    return [*branches, *below][:height]


def _fixed_seed_and_samples(view: GenerateView, width: int, height: int) -> list[Text]:
    """Return the fixed-seed samples above the latest samples; each gets half of a full height."""
    fixed_seed = fixed_seed_rows(view, width, height)
    if not fixed_seed:
        return sample_rows(view, width, height)
    n_rows_wanted = 3 if view.samples is None else 2 + len(view.samples)
    fixed_seed_height = max(height // 2, height - n_rows_wanted)
    if len(fixed_seed) > fixed_seed_height:
        fixed_seed = fixed_seed_rows(view, width, fixed_seed_height)
    below = sample_rows(view, width, height - len(fixed_seed) - 1)
    return [*fixed_seed, Text(""), *below][:height]


def sample_rows(
    view: GenerateView, width: int, height: int, has_surprisal: bool = False
) -> list[Text]:
    """Return the latest samples with their novelty, and the number of those found in train.

    With `has_surprisal`, the surprisal of each token stands below, where all samples have room for it.
    """
    palette, samples = view.appearance.palette, view.samples
    if height < 1:
        return []
    if samples is None:
        return [Text(with_key_labels(view, " <generate.ten> ten samples"), palette.guide)]
    n_under = min(_MOST_ROWS, (height - 1) // max(1, len(samples))) - 1 if has_surprisal else 0
    n_shown = len(samples) if len(samples) <= height - 1 else max(0, height - 2)
    first = min(view.first_sample, len(samples) - n_shown)
    label = _samples_label(view, width)
    legend = " · below: surprisal of each token" if n_under > 0 else ""
    rows = [Text(f" {label}{legend if len(label + legend) < width else ''}", palette.guide)]
    novelty_width = _NOVELTY_WIDTH if any(map(novelty, samples)) else 0
    for sample in samples[first : first + n_shown]:
        rows.append(_sample_row(sample, width, novelty_width, view))
        rows += [_surprisal_row(sample, view), Text("")][: max(0, n_under)]
    if n_shown < len(samples):
        n_known = sum(sample.seen_in == "train" for sample in samples)
        known = f" · {n_known} in train" if novelty_width else ""
        rows.append(Text(f" {len(samples) - n_shown} more{known}", palette.guide))
    return [fit_row(row, width) for row in rows[:height]]


def _surprisal_row(sample: "SampleResult", view: GenerateView) -> Text:
    """Return a block for each sampled token, under the token in the row above."""
    appearance = view.appearance
    tokens = sample.tokens[:-1] if sample.tokens[-1:] == [END] else sample.tokens
    glyphs, gap = [view.glyph(token) for token in tokens], view.source.tokenizer.separator
    n_prompt = cell_len(_shown(sample.text, view)) - cell_len(gap.join(glyphs))
    row = Text(" " * (1 + max(0, n_prompt)))
    for glyph, nats in zip(glyphs, sample.surprisal, strict=False):
        block = surprisal_block(nats, appearance.ascii_only)
        style = appearance.palette.surprisal[surprisal_level(nats)]
        row.append(block * cell_len(glyph), style).append(gap)
    return row


def _samples_label(view: GenerateView, width: int) -> str:
    """Return the source of the samples, shortened to a width."""
    n = len(view.samples or ())
    key = with_key_labels(view, "<generate.ten>")
    labels = [f"samples from counts ({key} for more)", f"from counts ({key})"]
    if view.samples_step is not None:
        step = number_format.format_count(view.samples_step)
        labels = [f"latest {n}, step {step} ({key} for more)", f"latest {n} ({key})"]
    return next((label for label in labels if len(label) < width), labels[-1])


def fixed_seed_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """Return rows like ``1,000 malixa``; the newest is at the bottom, the oldest are cut first."""
    if not view.fixed_seed_samples or height < 2:
        return []
    appearance = view.appearance
    n_digits = max(len(number_format.format_count(step)) for step, _ in view.fixed_seed_samples)
    rows = [Text(" fixed seed, by step", appearance.palette.guide)]
    for step, text in view.fixed_seed_samples[-(height - 1) :]:
        row = Text(
            " " + number_format.format_count(step).rjust(n_digits) + " ", appearance.palette.guide
        )
        row.append(fit(_shown(text, view), max(1, width - n_digits - 2)), appearance.palette.plain)
        rows.append(row)
    return rows


def _sample_row(sample: "SampleResult", width: int, novelty_width: int, view: GenerateView) -> Text:
    palette = view.appearance.palette
    word = novelty(sample)
    nats = mean_nats([*sample.surprisal]) if width >= _NATS_FROM else None
    each = "" if nats is None else f"{nats:5.2f} nats/token  "
    room = max(1, width - 2 - novelty_width - len(each))
    row = Text(" " + fit(_shown(sample.text, view), room) + " ", palette.plain)
    row.append(each, palette.label)
    return row.append(word, palette.warning if word == "in train" else palette.best)


def novelty(sample: "SampleResult") -> str:
    """Return the split that contains an item, or that it is new; empty for other texts."""
    if sample.seen_in is not None:
        return _SPLIT_LABELS[sample.seen_in]
    nowhere = "new" if sample.tokens[-1:] == [END] else "no line"
    return nowhere if sample.is_item else ""


def _shown(text: str, view: GenerateView) -> str:
    """Return a text with visible whitespace; a space between two tokens stays a space."""
    shown = view.glyph(text)
    gap = view.source.tokenizer.separator
    return shown.replace(view.glyph(gap), gap) if gap else shown


# Title


def title_info(view: GenerateView, width: int = 80) -> str:
    """Return the views, the weights and the sampling settings, shortened to a width.

    Without room for the names of all views, only the current view is named.
    """
    number = VIEWS.index(view.showing) + 1
    names = "  ".join(name.upper() if name == view.showing else name for name in VIEWS)
    begins = names, f"{view.showing} (view {number} of {len(VIEWS)})", view.showing
    parts = [*filter(None, _parts(view))]  # the label is empty while the corpus loads
    begin = next((b for b in begins if len(" · ".join([b, *parts])) <= width), view.showing)
    while parts and len(" · ".join([begin, *parts])) > width:
        parts.pop()
    title = " · ".join([begin, *parts])
    return view.appearance.sign(title) if len(title) <= width else ""


def _parts(view: GenerateView) -> list[str]:
    shown = view.prediction if view.showing != "guess" else None
    step = shown.step if shown else view.source.step
    if step is None:
        is_older = view.has_sampled_text and view.source.step is not None
        unit = view.source.tokenizer.token_noun
        return [f"frozen at {unit}-pair counts" if is_older else sanitize(view.source.label, 60)]
    sampling = view.sampling
    parts = [_weights(view, step)]
    if view.showing in ("stages", "guess"):
        return parts  # the columns show the settings; guessing does not use them
    if sampling.temperature != 1:
        parts.append(f"T {sampling.temperature:g}")
    if sampling.top_k is not None:
        parts.append(f"top-k {sampling.top_k:,}")
    if sampling.top_p is not None:
        parts.append(f"top-p {sampling.top_p:g}")
    if sampling.min_p is not None:
        parts.append(f"min-p {sampling.min_p:g}")
    return [*parts, f"seed {sampling.seed}"]


def _weights(view: GenerateView, step: int) -> str:
    """Return the step at which a text is frozen, or the label of the source."""
    if view.has_sampled_text and view.showing != "guess":
        key = with_key_labels(view, "<generate.leave>")
        return f"frozen at step {number_format.format_count(step)} ({key}: live)"
    has_label = step == view.source.step and view.source.label
    return (
        sanitize(view.source.label, 60)
        if has_label
        else f"weights of step {number_format.format_count(step)}"
    )


# Summary of a text


def summary_parts(view: GenerateView) -> list[str]:
    """Return the parts of the summary, the most important first.

    A text without an end has only the parts about its novelty.
    """
    from workbench.corpus.novelty import describe_copied, describe_novelty
    from workbench.panes.generate.tree import whole_text

    branch = view.text.branch
    finding = view.finding(branch)
    n_characters = len(view.novelty_key(branch)[0])
    copied = describe_copied(finding, n_characters) if finding else ""
    novelty = describe_novelty(finding) if finding else "searching the corpus" * branch.has_ended
    novelty_parts = [text for text in (novelty, copied) if text]
    if not branch.has_ended:
        return novelty_parts
    known = [value for value in view.nats(branch) if value is not None]
    parts = [whole_text(view, branch), *novelty_parts]
    if not known:
        return parts
    nats = math.fsum(known)
    return [*parts, f"{nats / len(known):.2f} nats/token", _format_text_probability(nats)]


def _format_text_probability(nats: float) -> str:
    """Return the probability of the whole text, given its surprisal in nats."""
    if nats > 600:
        return f"p = e^-{nats:,.0f}" if math.isfinite(nats) else "p = 0"
    mantissa, _, exponent = f"{math.exp(-nats):.1e}".partition("e")
    return f"p = {mantissa}e{int(exponent)}"
