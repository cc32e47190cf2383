"""Baselines of a run: the losses that the loss chart draws as dashed lines."""

from seqlm.runspec.baselines import expected_loss, primary_split
from workbench.render.chart.spec import ReferenceLine
from workbench.state.app_state import AppState


def references(state: AppState) -> tuple[ReferenceLine, ...]:
    """Return the baselines in nats; where there is little space the first ones keep their labels.

    Before training, each label explains its baseline.
    """
    preview, best = state.preview, state.run.best
    is_new, found = not state.run.train, list[ReferenceLine]()
    if preview is not None:
        found.append(ReferenceLine("bigram", preview.bigram, "pair counts" if is_new else ""))
    if (expected := expected_loss(state.config)) is not None:
        found.append(ReferenceLine("expected", expected))
    if best is not None and primary_split(state.config) == "val":
        found.append(ReferenceLine("best", best.loss, role="best"))
    if preview is not None:
        if preview.perfect is not None:
            found.append(
                ReferenceLine(
                    "perfect", preview.perfect, "entropy of the grammar" if is_new else ""
                )
            )
        found.append(ReferenceLine("uniform", preview.uniform, "guessing" if is_new else ""))
    return tuple(found)
