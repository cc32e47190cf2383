"""What the coach line can hold: one thing said in several lengths, the longest that fits shown whole."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import NamedTuple

from rich.cells import cell_len

from workbench.hints.setting_labels import setting_label
from workbench.render.number_format import format_count, format_learning_rate, format_loss
from workbench.render.sanitize import fit, sanitize
from workbench.run.diagnostics import n_together
from workbench.run.state import AppliedChange, RunState

_SENTENCE_END = ". "


class HintText(NamedTuple):
    """What the coach says: a sign, its role, and the words; then the same in fewer and fewer."""

    sign: str
    role: str
    words: str
    shorter: tuple[str, ...] = ()

    def fitting(self, width: int) -> str:
        """The first wording that fits into so many cells; where none does, the last one cut."""
        wordings = [sanitize(words) for words in (self.words, *self.shorter)]
        whole = (words for words in wordings if cell_len(words) <= width)
        return next(whole, "") or fit(wordings[-1], width).rstrip()


def make_hint(sign: str, role: str, *parts: str | Sequence[str]) -> HintText:
    """A line of parts, each in one or more wordings, the longest first; the last is shortened first."""
    choices = [(part,) if isinstance(part, str) else part for part in parts]
    words, *shorter = (" ".join(filter(None, chosen)) for chosen in product(*choices))
    return HintText(sign, role, words, tuple(shorter))


def split_sentences(words: str) -> tuple[str, ...]:
    """The words whole, then without the last sentence, and so on to the first alone."""
    ends = [i + 1 for i in range(len(words)) if words.startswith(_SENTENCE_END, i)]
    return (words, *(words[:end] for end in reversed(ends)))


def split_clauses(words: str) -> tuple[str, ...]:
    """A sentence whole, then shorter and shorter; commas end a clause where nothing stronger does."""
    ends = [end for signs in (";:", ",") for end in reversed([*_clause_ends(words, signs)])]
    return tuple(f"{words[:end]}." for end in (len(words), *ends))


def _clause_ends(words: str, signs: str) -> Iterator[int]:
    """Where a clause ends, but not within brackets."""
    depth = 0
    for end, (sign, following) in enumerate(pairwise(words)):
        depth += (sign == "(") - (sign == ")")
        if sign in signs and following == " " and not depth:
            yield end


def capitalize_sentence(words: str) -> str:
    """The words with a capital letter, and without a full stop."""
    words = words or "It failed"
    return f"{words[:1].upper()}{words[1:]}".rstrip(".")


def describe_change(run: RunState, change: AppliedChange) -> tuple[Sequence[str], Sequence[str]]:
    """What was changed, and the validation losses around it, each in several lengths."""
    planned = "As planned: " if change.is_planned else ""
    new = f"{setting_label(change.key)} → {format_value(change.new)}"
    name = setting_label(change.key)
    what = f"{planned}{name} {format_value(change.old)} → {format_value(change.new)}"
    n_more = n_together(run, change) - 1
    more = f" and {n_more} more" if n_more else ""
    if change.before is None or change.after is None:
        after = "the next validation shows what"
        does = (f"{after} it did." if not more else f"{after} they did.", "val comes next.")
        return (
            f"{what}{more} at step {format_count(change.step)};",
            f"{what}{more};",
            f"{new}{more};",
        ), does
    before, then = format_loss(change.before.loss, 3), format_loss(change.after.loss, 3)
    did = (
        f"val was {before} at {format_count(change.before.step)},"
        f" is {then} at {format_count(change.after.step)}.",
        f"val {before} → {then}.",
    )
    return (f"{what}{more}:", f"{new}{more}:"), did


def format_value(value: object) -> str:
    """A setting's value as it is shown."""
    if value is None:
        return "off"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return format_count(value)
    return format_learning_rate(value) if isinstance(value, float) else str(value)
