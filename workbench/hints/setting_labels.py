"""What settings and their values are called in the words of the field."""

import re

_LABELS = {
    "train.steps": "stop after",
    "train.seconds": "train for",
    "train.batch": "batch size",
    "train.chunk": "chunk length",
    "train.clip": "gradient clip",
    "train.evaluate_every": "validate every",
    "model.add_k": "add-k",
    "sample.top_k": "top-k",
    "sample.top_p": "top-p",
    "sample.min_p": "min-p",
    "sample.seed": "seed of draws",
}
_DOTTED = re.compile(r"\b(?:data|model|train|sample)\.[a-z_]+(=?)")


def setting_label(key: str) -> str:
    """A setting's name for a person: ``train.learning_rate`` is ``learning rate``."""
    return _LABELS.get(key) or key.rpartition(".")[2].replace("_", " ")


def format_bound(number: float) -> str:
    """A bound as it is read: 0.000001, 8,192, 1,000,000."""
    if float(number).is_integer():
        return f"{int(number):,}"
    fixed = f"{number:,.9f}".rstrip("0")
    return fixed if float(fixed.replace(",", "")) else f"{number:g}"


def replace_setting_keys(message: str) -> str:
    """A message for the command line as it is said on the screen: no dotted names."""

    def named(match: re.Match[str]) -> str:
        gap = " " if match[1] else ""
        return setting_label(match[0].removesuffix("=")) + gap

    return _DOTTED.sub(named, message)
