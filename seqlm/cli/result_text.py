"""What a run reached, in words: the losses that are known, and what they are to be compared with."""

from collections.abc import Iterator

from seqlm.cli.output import nats
from seqlm.runs.summary import RunProgress, RunSummary


def result_lines(standing: RunProgress) -> list[str]:
    """How a training ended: its losses, what its preset teaches, and what else is to be known."""
    summary, preset = standing.summary, standing.preset
    has_finished = summary.status == "finished"
    is_counted = standing.is_count_based and has_finished
    how = "counted" if is_counted else f"{summary.status} at step {summary.steps:,}"
    losses = _losses(summary)
    return [
        f"{summary.run}: {how}" + (f"; {losses} (nats per token)" if losses else ""),
        *([f"  {preset.teaches}"] if has_finished and preset else []),
        *([f"  {standing.message}"] if has_finished and standing.message else []),
        *(f"  the {split} loss is of {of}" for split, of in _sampled(standing)),
    ]


def _sampled(standing: RunProgress) -> list[tuple[str, str]]:
    """The splits whose loss is told of a part of them, and how that was taken."""
    losses = {"train": standing.summary.train_loss, "val": standing.summary.val_loss}
    return [
        (split, how) for split, how in standing.sampled.items() if losses.get(split) is not None
    ]


def _losses(summary: RunSummary) -> str:
    """What counts and what stands beside it; then the other losses."""
    known = dict(_known(summary))
    judged = known.pop(summary.judged_on, "")
    others = ", ".join(f"{name} {words}" for name, words in known.items())
    return "; ".join(part for part in (judged and f"{summary.judged_on} {judged}", others) if part)


def loss_rows(summary: RunSummary) -> list[str]:
    """The losses of a run that is shown, one a row."""
    return [f"  {_LABELS[name]:12}{words}" for name, words in _known(summary)]


_LABELS = {"batch": "batch loss", "train": "train loss", "val": "val loss", "best val": "best val"}


def _known(summary: RunSummary) -> Iterator[tuple[str, str]]:
    """Each loss that is known and says something, by name; the one that counts with its comparison."""
    result = summary.result
    losses = {"batch": summary.batch_loss, "train": summary.train_loss, "val": summary.val_loss}
    if result.on != "batch" and summary.train_loss is not None:
        del losses["batch"]  # those of whole splits say more
    for name, loss in losses.items():
        if loss is not None:
            yield name, ", ".join([nats(loss), *(result.beside() if name == result.on else [])])
    best, step = summary.best_val_loss, summary.best_step
    if result.on == "val" and best is not None and step != summary.steps:
        yield "best val", f"{nats(best)} at step {step:,}"
