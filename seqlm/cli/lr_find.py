"""The learning-rate range test: lr-find."""

import argparse
import contextlib
import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from seqlm.cli.output import nats, print_json, print_lines, print_table
from seqlm.cli.runs import AddCommand
from seqlm.errors import RequestError
from seqlm.training.lr_sweep import raise_if_count_based

if TYPE_CHECKING:
    from seqlm.training.lr_sweep import LrSweep

_TARGET = (
    "a preset, a text file or - for a new model; or a run (name, start of the name, or latest)."
    " An exact preset name means the preset; an ambiguous name is an error"
)
_SETTINGS = "settings of a new model, e.g. train.optimizer=adamw"
_LINES_EVERY, _ROWS_EVERY, _BAR_CELLS = 25, 4, 40


def add_commands(command: AddCommand) -> None:
    """Add the command of this module."""
    find = command(
        "lr-find", _find, "learning-rate range test on a copy of a model; suggests a rate"
    )
    find.add_argument("target", metavar="PRESET|FILE|-|RUN", help=_TARGET)
    find.add_argument("settings", nargs="*", default=[], metavar="KEY=VALUE", help=_SETTINGS)


def _find(options: argparse.Namespace) -> int:
    from seqlm.runs.resolve_target import resolve_target

    target = resolve_target(options.target)
    if target.kind == "run":
        return _report(_of_run(target.value, options.settings), options)
    with contextlib.ExitStack() as undo:  # the test keeps no copy of a file
        return _report(_of_new(options, undo), options)


def _of_run(name: str, words: list[str]) -> "LrSweep":
    from seqlm.runs.directory import find_run

    run = find_run(name)
    raise_if_count_based(run.manifest().config)
    if words:
        raise RequestError(
            f"{run.name} is a run with fixed settings; remove {' '.join(words)}", words[0]
        )
    from seqlm.worker.lr_sweep_handler import sweep_run  # torch is loaded only for a valid request

    return _shown(sweep_run(run))


def _of_new(options: argparse.Namespace, undo: contextlib.ExitStack) -> "LrSweep":
    from seqlm.data.prepared_text import prepare
    from seqlm.runs.resolve_target import configure

    config = configure(options.target, options.settings, undo)
    raise_if_count_based(config)
    text = prepare(config.data)
    from seqlm.training.lr_finder import sweep_new

    return _shown(sweep_new(config, text))


def _report(sweep: "LrSweep", options: argparse.Namespace) -> int:
    if options.json:
        record = {
            "suggestion": sweep.suggestion,
            "learning_rates": sweep.learning_rates,
            "losses": sweep.losses,
        }
        return print_json(record)
    low, high = useful_range(sweep.smoothed)
    scale = f"bar from {nats(low)} to {nats(high)}"
    print_table([">learning rate", ">smoothed loss", scale], _rows(sweep))
    if sweep.suggestion is None:
        return print_lines(f"No learning rate suggested: {sweep.reason}.")
    return print_lines(
        f"Try train.learning_rate={sweep.suggestion:g}: {sweep.reason}."
        f" {len(sweep.losses)} trial steps on a copy; the model is unchanged."
    )


def _shown(sweeps: Iterable["LrSweep"]) -> "LrSweep":
    """Return the last state of a sweep; print its progress to standard error."""
    for sweep in sweeps:
        n_done = len(sweep.losses)
        if n_done % _LINES_EVERY == 0 or sweep.is_over:
            rate, loss = sweep.rate_of(n_done - 1), sweep.smoothed[-1]
            sys.stderr.write(
                f"lr-find: step {n_done} / {sweep.n_steps}  rate {rate:.2g}  loss {loss:.4f}\n"
            )
    return sweep


def _rows(sweep: "LrSweep") -> list[list[str]]:
    """Return table rows for every fourth step and the suggested step, each loss with a bar."""
    smoothed, suggested = sweep.smoothed, sweep.suggested_step
    shown = {*range(0, len(smoothed) - 1, _ROWS_EVERY), len(smoothed) - 1}
    steps = sorted(shown if suggested is None else {*shown, suggested})
    low, high = useful_range([smoothed[step] for step in steps])
    rows = []
    for step in steps:
        loss = smoothed[step]
        share = min((loss - low) / (high - low), 1.0) if math.isfinite(loss) else 1.0
        bar = "#" * round(share * _BAR_CELLS)
        mark = "  <- try" if step == suggested else ""
        rows.append([f"{sweep.rate_of(step):.2g}", f"{loss:.4f}", bar + mark])
    return rows


def useful_range(smoothed: Sequence[float]) -> tuple[float, float]:
    """Return the range of losses to plot: the lowest loss and the highest loss before it.

    The losses after the minimum can diverge and would compress the rest of the plot. If the loss
    only rises, the upper bound is a quarter above the lowest loss.
    """
    finite = [loss for loss in smoothed if math.isfinite(loss)]
    low = min(finite, default=0.0)
    high = max(finite[: finite.index(low) + 1]) if finite else low
    return low, high if high > low else low + 0.25 * abs(low) + 1e-9
