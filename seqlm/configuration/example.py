"""What one example of training is."""

from typing import Literal, TypeAlias

from seqlm.configuration.run_config import TrainConfig

Example: TypeAlias = Literal["window", "item", "chunk"]


def example_of(
    train: TrainConfig, context: int | None, mode: Literal["lines", "stream"]
) -> Example:
    """What one example is; ``auto`` fits the context of the model and how the text is read."""
    if train.example != "auto":
        return train.example
    if context is not None:
        return "window"
    return "chunk" if mode == "stream" else "item"
