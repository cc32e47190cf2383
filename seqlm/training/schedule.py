"""How the learning rate goes over the steps. Plain Python: a screen draws it too."""

import math

_WARM_UP = 0.05


def factor(schedule: str, step: int, n_steps: int) -> float:
    """What the learning rate is multiplied by in a step.

    Args:
        schedule: ``constant``, or ``one-cycle`` (after Smith 2018, without its third phase).
        step: The step, counted from 0.
        n_steps: The planned number of steps.
    """
    if schedule == "constant":
        return 1.0
    n_warm = max(1, round(_WARM_UP * n_steps))
    if step < n_warm:
        return (step + 1) / n_warm
    done = (step - n_warm) / max(1, n_steps - n_warm)
    return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
