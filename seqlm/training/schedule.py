"""How the learning rate goes over the steps. Plain Python, so that whatever draws it can ask."""

import math

from seqlm.configuration.run_config import TrainConfig


def lr_multiplier(train: TrainConfig, step: int, n_steps: int) -> float:
    """What the learning rate is multiplied by in a step. It depends on nothing but the step.

    One-cycle is that of Smith 2018 (arXiv 1803.09820) without its third phase: a straight warm-up,
    then a cosine down to 0.

    Args:
        train: Names the schedule and its shares of the steps.
        step: The step, counted from 0.
        n_steps: The planned number of steps.
    """
    match train.schedule:
        case "warm-up":
            return min(1.0, (step + 1) / _n_warm(train, n_steps))
        case "step":
            return train.drop if step >= round(train.drop_at * n_steps) else 1.0
        case "cosine":
            return _cosine(step, 0, n_steps)
        case "one-cycle":
            n_warm = _n_warm(train, n_steps)
            return (step + 1) / n_warm if step < n_warm else _cosine(step, n_warm, n_steps)
    return 1.0


def _n_warm(train: TrainConfig, n_steps: int) -> int:
    return max(1, round(train.warmup * n_steps))


def _cosine(step: int, first: int, n_steps: int) -> float:
    """Half a wave from 1 at the step ``first`` down to 0 at the end."""
    done = (step - first) / max(1, n_steps - first)
    return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
