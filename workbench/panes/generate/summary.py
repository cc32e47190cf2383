"""What became of the text: its nats, its probability, and whether it is new."""

import math

from workbench.corpus.novelty import describe_copied, describe_novelty
from workbench.panes.generate.tree import whole_text
from workbench.panes.generate.view_model import GenerateView


def summary_parts(view: GenerateView) -> list[str]:
    """In words, the most important first; nothing while the text has no end and nothing is known."""
    branch = view.text.branch
    finding = view.finding(branch)
    n_characters = len(view.lookup(branch)[0])
    copied = describe_copied(finding, n_characters) if finding else ""
    novelty = describe_novelty(finding) if finding else "looking it up" * branch.has_ended
    told = [words for words in (novelty, copied) if words]
    if not branch.has_ended:
        return told
    known = [value for value in view.nats(branch) if value is not None]
    parts = [whole_text(view, branch), *told]
    if not known:
        return parts
    nats = math.fsum(known)
    return [*parts, f"{nats / len(known):.2f} nats each", _p_all(nats)]


def _p_all(nats: float) -> str:
    """The probability of the whole text, by its nats."""
    if nats > 600:
        return f"p(all) e^-{nats:,.0f}" if math.isfinite(nats) else "p(all) 0"
    mantissa, _, exponent = f"{math.exp(-nats):.1e}".partition("e")
    return f"p(all) {mantissa}e{int(exponent)}"
