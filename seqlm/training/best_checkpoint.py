"""The best weights of a training so far, and how long ago they were found."""

import math

from torch import Tensor

from seqlm.training.trainer_state import TrainerState


class BestCheckpoint:
    """The weights with the lowest validation loss.

    Attributes:
        loss: Theirs, in nats per token; infinite before the first validation.
        step: After how many steps they were found.
        weights: A copy of them, or None.
        n_checks_since: Validations after it, none of which was lower.
    """

    def __init__(self) -> None:
        self.loss, self.step, self.n_checks_since = math.inf, 0, 0
        self.weights: dict[str, Tensor] | None = None

    def take(self, loss: float, step: int, weights: dict[str, Tensor]) -> bool:
        """Take in a validation: whether it is the best. The weights are copied where it is."""
        if not loss < self.loss:
            self.n_checks_since += 1
            return False
        self.loss, self.step, self.n_checks_since = loss, step, 0
        self.weights = {name: part.detach().clone() for name, part in weights.items()}
        return True

    def is_outdated(self, patience: int | None) -> bool:
        """Whether there were as many validations after it as a person waits for a better one."""
        return patience is not None and self.n_checks_since >= patience

    def restore(self, position: TrainerState, weights: dict[str, Tensor] | None) -> None:
        """Stand where a checkpoint was taken."""
        self.loss, self.step = position.best_loss, position.best_step
        self.n_checks_since, self.weights = position.n_checks_since_best, weights
