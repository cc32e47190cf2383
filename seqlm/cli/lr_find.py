"""The command that looks for a learning rate: lr-find."""

import argparse
import contextlib
import math
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from seqlm.cli.listing import AddCommand
from seqlm.cli.output import print_json, print_lines, print_table

if TYPE_CHECKING:
    from seqlm.training.sweep import Sweep

_LINES_EVERY, _ROWS_EVERY, _BAR_CELLS = 25, 4, 40


def add_commands(command: AddCommand) -> None:
    """Add this file's command."""
    find = command("lr-find", _find, "try learning rates on a new model, and suggest one")
    find.add_argument("target", metavar="PRESET|FILE|-", help="a preset, a text file, or -")
    find.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="e.g. train.optimizer=adamw")


def _find(options: argparse.Namespace) -> int:
    from seqlm.data.prepare import prepare
    from seqlm.runs.targets import configure

    with contextlib.ExitStack() as undo:  # looking leaves nothing behind
        config = configure(options.target, options.settings, undo)
        text = prepare(config.data)
        from seqlm.training.lr_finder import sweep_new  # torch is loaded only for what is right

        sweep = _shown(sweep_new(config, text))
    if options.json:
        record = {
            "suggestion": sweep.suggestion,
            "learning_rates": sweep.learning_rates,
            "losses": sweep.losses,
        }
        return print_json(record)
    print_table([">learning rate", ">smoothed loss", ""], _rows(sweep))
    if sweep.suggestion is None:
        return print_lines(f"No learning rate to suggest: {sweep.reason}.")
    return print_lines(
        f"Try train.learning_rate={sweep.suggestion:g}: {sweep.reason}."
        f" {len(sweep.losses)} trial steps on a copy; nothing was kept."
    )


def _shown(sweeps: Iterable["Sweep"]) -> "Sweep":
    """The last of the sweeps; how far it is goes to standard error."""
    for sweep in sweeps:
        n_done = len(sweep.losses)
        if n_done % _LINES_EVERY == 0 or sweep.is_over:
            rate, loss = sweep.rate_of(n_done - 1), sweep.smoothed[-1]
            sys.stderr.write(
                f"lr-find: step {n_done} / {sweep.n_steps}  rate {rate:.2g}  loss {loss:.4f}\n"
            )
    return sweep


def _rows(sweep: "Sweep") -> list[list[str]]:
    """Every fourth step with its loss as a bar; one above that of the beginning is cut."""
    smoothed = sweep.smoothed
    shown = [*range(0, len(smoothed) - 1, _ROWS_EVERY), len(smoothed) - 1]
    largest = 1.25 * smoothed[0]
    rows = []
    for step in shown:
        loss = smoothed[step]
        share = min(loss / largest, 1.0) if math.isfinite(loss) else 1.0
        rows.append([f"{sweep.rate_of(step):.2g}", f"{loss:.4f}", "#" * round(share * _BAR_CELLS)])
    return rows
