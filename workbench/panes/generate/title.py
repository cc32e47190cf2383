"""What the border of the Generate pane says: the views, whose weights, how tokens are drawn."""

from workbench.panes.generate.view_model import VIEWS, GenerateView
from workbench.render import number_format
from workbench.render.sanitize import sanitize


def title_info(view: GenerateView, width: int = 80) -> str:
    """As much as has room: the views by name, else the current one; then weights and settings."""
    place = f"{VIEWS.index(view.showing) + 1}/{len(VIEWS)}"
    parts = _parts(view)
    names = "  ".join(name.upper() if name == view.showing else name for name in VIEWS)
    listed, alone = f"{names}  {place}", f"{view.showing} {place}"
    begin = listed if len(" · ".join([listed, *parts])) <= width else alone
    while parts and len(" · ".join([begin, *parts])) > width:
        parts.pop()
    title = " · ".join([begin, *parts])
    return view.look.sign(title) if len(title) <= width else ""


def _parts(view: GenerateView) -> list[str]:
    shown = view.prediction if view.showing != "guess" else None
    step = shown.step if shown else view.source.step
    if step is None:
        is_older = view.is_holding and view.source.step is not None
        one = view.source.tokenizer.token_noun
        return [f"holds {one}-pair counts" if is_older else sanitize(view.source.label, 60)]
    sampling = view.sampling
    parts = [_weights(view, step)]
    if view.showing in ("stages", "guess"):
        return parts  # columns are named after the settings; guessing needs none
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
    """Whose weights: the label has more to say where older ones are looked at."""
    if view.is_holding and view.showing != "guess":
        return f"holds step {number_format.format_count(step)}"
    is_told = step == view.source.step and view.source.label
    return (
        sanitize(view.source.label, 60)
        if is_told
        else f"weights of step {number_format.format_count(step)}"
    )
