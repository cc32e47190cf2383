"""Learning rate schedules. The module does not import torch, so that a chart can use it."""

import math

from seqlm.configuration.run_config import TrainConfig


def lr_multiplier(train: TrainConfig, step: int, n_steps: int) -> float:
    """Return the factor of the learning rate in a step.

    The one-cycle schedule follows Smith 2018 (arXiv 1803.09820) without its third phase: a linear
    warm-up, then a cosine decay to 0.

    Args:
        train: The schedule and its fractions of the steps.
        step: The step, counted from 0.
        n_steps: The planned number of steps.

    Returns:
        A factor from 0 to 1.
    """
    match train.schedule:
        case "warm-up":
            return min(1.0, (step + 1) / _n_warmup_steps(train, n_steps))
        case "step":
            return train.drop if step >= round(train.drop_at * n_steps) else 1.0
        case "cosine":
            return _cosine_decay(step, 0, n_steps)
        case "one-cycle":
            n_warmup = _n_warmup_steps(train, n_steps)
            return (
                (step + 1) / n_warmup if step < n_warmup else _cosine_decay(step, n_warmup, n_steps)
            )
    return 1.0


def _n_warmup_steps(train: TrainConfig, n_steps: int) -> int:
    return max(1, round(train.warmup * n_steps))


def _cosine_decay(step: int, first: int, n_steps: int) -> float:
    """Return a factor that decays along half a cosine from 1 at step ``first`` to 0 at the end."""
    done = (step - first) / max(1, n_steps - first)
    return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
