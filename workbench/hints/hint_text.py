"""Text of the hint line in several lengths; the longest version that fits is shown."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import NamedTuple

from rich.cells import cell_len

from seqlm.presets import Preset
from seqlm.runs.run_state import AppliedChange
from seqlm.sanitize import sanitize
from workbench.hints.setting_labels import setting_label
from workbench.render.number_format import format_count, format_learning_rate, format_loss
from workbench.render.sanitize import fit
from workbench.run.diagnostics import n_together
from workbench.run.state import RunState
from workbench.state.app_state import AppState

_SENTENCE_END = ". "


class HintText(NamedTuple):
    """One hint in several lengths.

    Attributes:
        sign: One character that stands for the kind of hint.
        role: Palette role of the sign.
        words: The longest version.
        shorter: Shorter versions, the longest first.
    """

    sign: str
    role: str
    words: str
    shorter: tuple[str, ...] = ()

    def fitting(self, width: int) -> str:
        """Return the longest version of at most ``width`` cells, or the shortest one, cut."""
        versions = [sanitize(words) for words in (self.words, *self.shorter)]
        whole = (words for words in versions if cell_len(words) <= width)
        return next(whole, "") or fit(versions[-1], width).rstrip()


def make_hint(sign: str, role: str, *parts: str | Sequence[str]) -> HintText:
    """Return a hint made of parts.

    Args:
        sign: One character that stands for the kind of hint.
        role: Palette role of the sign.
        parts: Each part in one or more versions, the longest first. The last part is shortened
            first.
    """
    choices = [(part,) if isinstance(part, str) else part for part in parts]
    words, *shorter = (" ".join(filter(None, chosen)) for chosen in product(*choices))
    return HintText(sign, role, words, tuple(shorter))


def pane_step(s: AppState, number: int, words: str) -> str:
    """Return ``3 shows the line.``, or nothing where pane 3 has the focus already."""
    return "" if s.focused_pane == number else s.keys.substitute_keys(f"<pane.{number}> {words}")


def lesson_of(preset: Preset | None) -> tuple[str, ...]:
    """Return the lesson of a preset, shorter and shorter, but never as one or two words alone."""
    clauses = split_clauses(capitalize_sentence(preset.teaches)) if preset else ()
    return (*(text for text in clauses if len(text.split()) > 2), "")


def split_sentences(words: str) -> tuple[str, ...]:
    """Return the text, then the text without its last sentence, down to the first sentence alone."""
    ends = [i + 1 for i in range(len(words)) if words.startswith(_SENTENCE_END, i)]
    return (words, *(words[:end] for end in reversed(ends)))


def split_clauses(words: str) -> tuple[str, ...]:
    """Return the sentence, then shorter and shorter beginnings that end with a clause.

    Semicolons and colons are tried before commas.
    """
    ends = [end for signs in (";:", ",") for end in reversed([*_clause_ends(words, signs)])]
    return tuple(f"{words[:end]}." for end in (len(words), *ends))


def _clause_ends(words: str, signs: str) -> Iterator[int]:
    """Yield the positions at which a clause ends, except within parentheses."""
    depth = 0
    for end, (sign, following) in enumerate(pairwise(words)):
        depth += (sign == "(") - (sign == ")")
        if sign in signs and following == " " and not depth:
            yield end


def capitalize_sentence(words: str) -> str:
    """Return the text with a capital letter and without a final full stop."""
    words = words or "It failed"
    return f"{words[:1].upper()}{words[1:]}".rstrip(".")


def describe_change(run: RunState, change: AppliedChange) -> tuple[Sequence[str], Sequence[str]]:
    """Return the change, and the validation losses around it, each in several lengths."""
    planned = "As planned: " if change.is_planned else ""
    new = f"{setting_label(change.key)} → {format_value(change.new)}"
    name = setting_label(change.key)
    what = f"{planned}{name} {format_value(change.old)} → {format_value(change.new)}"
    n_more = n_together(run, change) - 1
    more = f" and {n_more} more" if n_more else ""
    if change.before is None or change.after is None:
        effect = "the next validation shows the effect.", "validation comes next."
        return (
            f"{what}{more} at step {format_count(change.step)};",
            f"{what}{more};",
            f"{new}{more};",
        ), effect
    before, after = format_loss(change.before.loss, 3), format_loss(change.after.loss, 3)
    effect = (
        f"val was {before} at {format_count(change.before.step)},"
        f" is {after} at {format_count(change.after.step)}.",
        f"val {before} → {after}.",
    )
    return (f"{what}{more}:", f"{new}{more}:"), effect


def format_value(value: object) -> str:
    """Return the value of a setting as text."""
    if value is None:
        return "off"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return format_count(value)
    return format_learning_rate(value) if isinstance(value, float) else str(value)
