"""Text of the result of a run: its losses and the baselines to compare them with."""

from collections.abc import Iterator

from seqlm.cli.output import nats
from seqlm.runs.summary import RunProgress, RunSummary
from seqlm.sanitize import sanitize


def result_lines(progress: RunProgress) -> list[str]:
    """Format the result of training: status, losses, description of the preset, notes."""
    summary, preset = progress.summary, progress.preset
    has_finished = summary.status == "finished"
    is_counted = progress.is_count_based and has_finished
    how = "counted" if is_counted else f"{summary.status} at step {summary.steps:,}"
    losses = _losses(summary)
    return [
        f"{summary.run}: {how}" + (f"; {losses} (nats per token)" if losses else ""),
        *([f"  {preset.teaches}"] if has_finished and preset else []),
        *([f"  {progress.message}"] if has_finished and progress.message else []),
        *([f"  {progress.advice}"] if has_finished and progress.advice else []),
        *(f"  the {split} loss was computed on {of}" for split, of in _sampled(progress)),
        *(f"  ! {sanitize(warning)}" for warning in progress.warnings),
    ]


def _sampled(progress: RunProgress) -> list[tuple[str, str]]:
    """Return the splits whose loss was estimated on a sample, with the size of the sample."""
    losses = {"train": progress.summary.train_loss, "val": progress.summary.val_loss}
    return [
        (split, how) for split, how in progress.sampled.items() if losses.get(split) is not None
    ]


def _losses(summary: RunSummary) -> str:
    """Format the primary loss with its baselines, then the other losses."""
    known = dict(_known(summary))
    primary = "best val" if _answers_with_other_weights(summary) else summary.judged_on
    judged = known.pop(primary, "")
    others = ", ".join(f"{name} {words}" for name, words in known.items())
    return "; ".join(part for part in (judged and f"{primary} {judged}", others) if part)


def loss_rows(summary: RunSummary) -> list[str]:
    """Return one row for each loss of a run."""
    return [f"  {_LABELS[name]:12}{words}" for name, words in _known(summary)]


_LABELS = {"batch": "batch loss", "train": "train loss", "val": "val loss", "best val": "best val"}


def _known(summary: RunSummary) -> Iterator[tuple[str, str]]:
    """Yield each informative loss by name; the primary loss with its baselines."""
    result = summary.result
    losses = {"batch": summary.batch_loss, "train": summary.train_loss, "val": summary.val_loss}
    if result.on != "batch" and summary.train_loss is not None:
        del losses["batch"]  # losses of whole splits are more precise
    is_best_judged = _answers_with_other_weights(summary)
    for name, loss in losses.items():
        if loss is not None:
            is_judged = name == result.on and not is_best_judged
            yield name, ", ".join([nats(loss), *(result.beside() if is_judged else [])])
    best, step = summary.best_val_loss, summary.best_step
    if result.on == "val" and best is not None and step != summary.steps:
        at = f"{nats(best)} at step {step:,}"
        yield "best val", ", ".join([at, *(result.beside() if is_best_judged else [])])


def _answers_with_other_weights(summary: RunSummary) -> bool:
    """Return whether the run answers with weights of an earlier step, those with the best loss."""
    is_other = summary.best_step is not None and summary.best_step != summary.steps
    return summary.weights == "best" and is_other
