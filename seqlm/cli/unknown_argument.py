"""Message for an unknown argument: how the option or setting that was meant is written."""

import re
from collections.abc import Sequence

from seqlm.configuration import dotted_keys
from seqlm.configuration.foreign_names import normalize_name, own_keys
from seqlm.configuration.run_config import RunConfig

_LONGEST_SHOWN = 60
_FOREIGN_OPTIONS = {
    "--length": "max_new_tokens max_length max_tokens n_tokens num_tokens max_len",
    "--count": "num_samples n_samples n num num_return_sequences samples",
    "--prompt": "start input text context",
    "--greedy": "do_sample",
    "--temperature": "temp",
    "--weights": "checkpoint ckpt step model weight",
    "--name": "out_dir output_dir out output run_name run experiment exp_name",
    "--top": "top_k topk k n",
    "--split": "set on subset",
    "--detach": "background daemon bg",
}
"""Names of options in other programs, by their name here."""


def unknown_argument(words: Sequence[str], usage: str) -> str:
    """Return the message for arguments that a command does not have.

    Args:
        words: The unknown arguments.
        usage: The usage line of the command.
    """
    shown = " ".join(words)
    shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
    name = normalize_name(words[0].lstrip("-").partition("=")[0])
    advice = _option(name, usage) or _setting(name, usage)
    return f"unknown argument: {shown}{f'; {advice}' if advice else ''}"


def _option(name: str, usage: str) -> str:
    """Return the advice to use an option of the command; empty if none has this meaning."""
    known = re.findall(r"--[a-z-]+", usage)
    same = f"--{name.replace('_', '-')}"
    meant = [same, *(ours for ours, others in _FOREIGN_OPTIONS.items() if name in others.split())]
    return next((f"use {option}" for option in meant if option in known), "")


def _setting(name: str, usage: str) -> str:
    """Return the advice to use a setting; empty if the command takes none or none is meant."""
    if "KEY=VALUE" not in usage:
        return ""
    known = [setting.key for setting in dotted_keys.settings_of(RunConfig(preset=""))]
    same = [key for key in known if normalize_name(key) == name]
    keys = same or own_keys(name, known)
    return f"settings are written KEY=VALUE: {keys[0]}=VALUE" if keys else ""
