"""Beside the table: the branches, the same draw at several ages, and the latest samples."""

from typing import TYPE_CHECKING

from rich.text import Text

from workbench.panes.generate.bindings import with_key_labels
from workbench.panes.generate.view_model import GenerateView, mean_nats
from workbench.render import number_format
from workbench.render.sanitize import END, fit
from workbench.widgets.appearance import fit_row

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.protocol.queries import SampleResult

_WORDS = {"train": "in train", "val": "in val", "test": "in test"}
_WORD_WIDTH, _NATS_FROM = 8, 40
_TREE_FROM = 40


def side_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """The branches where there are some, the same draw by age, the latest samples."""
    branches: list[Text] = []
    if len(view.text.branches) > 1 and width >= _TREE_FROM:
        from workbench.panes.generate.tree import branch_rows

        branches = [
            Text(with_key_labels(view, " branches (<generate.view>)"), view.look.palette.guide)
        ]
        branches += [*branch_rows(view, width, max(1, height // 3)), Text("")]
    below = _ages_and_samples(view, width, height - len(branches))
    return [*branches, *below][:height]


def _ages_and_samples(view: GenerateView, width: int, height: int) -> list[Text]:
    """The same draw above, the latest samples below; each gets half where both are long."""
    ages = age_rows(view, width, height)
    if not ages:
        return sample_rows(view, width, height)
    n_wanted = 3 if view.samples is None else 2 + len(view.samples)
    room_for_ages = max(height // 2, height - n_wanted)
    if len(ages) > room_for_ages:
        ages = age_rows(view, width, room_for_ages)
    below = sample_rows(view, width, height - len(ages) - 1)
    return [*ages, Text(""), *below][:height]


def sample_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """The latest samples with their novelty, and how many stand in the training split."""
    palette, samples = view.look.palette, view.samples
    if height < 1:
        return []
    if samples is None:
        return [Text(with_key_labels(view, " <generate.ten> draws ten samples"), palette.guide)]
    n_shown = len(samples) if len(samples) <= height - 1 else max(0, height - 2)
    first = min(view.first_sample, len(samples) - n_shown)
    rows = [Text(f" {_made_by(view, width)}", palette.guide)]
    told = _WORD_WIDTH if any(map(novelty, samples)) else 0
    rows += [_sample_row(s, width, told, view) for s in samples[first : first + n_shown]]
    if n_shown < len(samples):
        n_known = sum(sample.seen_in == "train" for sample in samples)
        known = f" · {n_known} in train" if told else ""
        rows.append(Text(f" {len(samples) - n_shown} more{known}", palette.guide))
    return [fit_row(row, width) for row in rows[:height]]


def _made_by(view: GenerateView, width: int) -> str:
    """Whose samples they are, as far as there is room."""
    n = len(view.samples or ())
    key = with_key_labels(view, "<generate.ten>")
    labels = [f"these counts make ({key} for ten more)", f"these counts make ({key})"]
    if view.samples_step is not None:
        step = number_format.format_count(view.samples_step)
        labels = [f"latest {n}, of step {step} ({key} for more)", f"latest {n} ({key})"]
    return next((label for label in labels if len(label) < width), labels[-1])


def age_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """``1,000 malixa``: the newest at the bottom; the oldest give way first."""
    if not view.same_draw or height < 2:
        return []
    look = view.look
    n_digits = max(len(number_format.format_count(step)) for step, _ in view.same_draw)
    rows = [Text(" same draw, by age", look.palette.guide)]
    for step, text in view.same_draw[-(height - 1) :]:
        row = Text(" " + number_format.format_count(step).rjust(n_digits) + " ", look.palette.guide)
        row.append(fit(_shown(text, view), max(1, width - n_digits - 2)), look.palette.plain)
        rows.append(row)
    return rows


def _sample_row(sample: "SampleResult", width: int, told: int, view: GenerateView) -> Text:
    palette = view.look.palette
    word = novelty(sample)
    nats = mean_nats([*sample.surprisal]) if width >= _NATS_FROM else None
    each = "" if nats is None else f"{nats:5.2f} nats each  "
    room = max(1, width - 2 - told - len(each))
    row = Text(" " + fit(_shown(sample.text, view), room) + " ", palette.plain)
    row.append(each, palette.label)
    return row.append(word, palette.warning if word == "in train" else palette.best)


def novelty(sample: "SampleResult") -> str:
    """Where an item stands, if anywhere; empty for what is no item."""
    if sample.seen_in is not None:
        return _WORDS[sample.seen_in]
    nowhere = "new" if sample.tokens[-1:] == [END] else "no line"
    return nowhere if sample.is_item else ""


def _shown(text: str, view: GenerateView) -> str:
    """A whole text; a blank between two tokens stays one, a blank that is a token is shown."""
    shown = view.glyph(text)
    gap = view.source.tokenizer.separator
    return shown.replace(view.glyph(gap), gap) if gap else shown
