"""Display names of settings."""

import re

_LABELS = {
    "train.steps": "stop after",
    "train.seconds": "time limit",
    "train.batch": "batch size",
    "train.chunk": "chunk length",
    "train.clip": "gradient clip",
    "train.evaluate_every": "validate every",
    "model.add_k": "add-k",
    "sample.top_k": "top-k",
    "sample.top_p": "top-p",
    "sample.min_p": "min-p",
    "sample.seed": "sampling seed",
}
_DOTTED = re.compile(r"\b(?:data|model|train|sample)\.[a-z_]+(=?)")


def setting_label(key: str) -> str:
    """Return the display name of a setting: ``learning rate`` for ``train.learning_rate``."""
    return _LABELS.get(key) or key.rpartition(".")[2].replace("_", " ")


def replace_setting_keys(message: str) -> str:
    """Return a message of the command line with display names in place of dotted keys."""

    def replace_key(match: re.Match[str]) -> str:
        gap = " " if match[1] else ""
        return setting_label(match[0].removesuffix("=")) + gap

    return _DOTTED.sub(replace_key, message)
