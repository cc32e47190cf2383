"""What the border of the Generate pane says: the views, whose weights, how tokens are drawn."""

from workbench.render import figures
from workbench.render.text import clean
from workbench.widgets.generate_view import VIEWS, GenerateView


def title_info(view: GenerateView, width: int = 80) -> str:
    """As much as has room: the views by name, else the current one; then weights and settings."""
    place = f"{VIEWS.index(view.showing) + 1}/{len(VIEWS)}"
    parts = _parts(view)
    names = "  ".join(name.upper() if name == view.showing else name for name in VIEWS)
    listed, alone = f"{names}  {place}", f"{view.showing} {place}"
    begin = listed if len(" · ".join([listed, *parts[:1]])) <= width else alone
    while parts and len(" · ".join([begin, *parts])) > width:
        parts.pop()
    title = " · ".join([begin, *parts])
    return view.look.sign(title) if len(title) <= width else ""


def _parts(view: GenerateView) -> list[str]:
    step = view.prediction.step if view.prediction else view.source.step
    if step is None:
        return [clean(view.source.label, 60)]
    begin = "holds" if view.is_holding else "weights of"
    sampling = view.sampling
    parts = [f"{begin} step {figures.count(step)}", f"T {sampling.temperature:g}"]
    if sampling.top_k is not None:
        parts.append(f"top-k {sampling.top_k:,}")
    if sampling.top_p is not None:
        parts.append(f"top-p {sampling.top_p:g}")
    if sampling.min_p is not None:
        parts.append(f"min-p {sampling.min_p:g}")
    return [*parts, f"seed {sampling.seed}"]
