"""The models that questions are about: the one being trained, or one in weights that were kept."""

import copy
from pathlib import Path

import torch
from torch import Tensor

from seqlm.config import RunConfig
from seqlm.data.prepare import PreparedText
from seqlm.errors import SeqlmError
from seqlm.models.base import SequenceModel
from seqlm.models.registry import build
from seqlm.runs.answers import Subject
from seqlm.runs.checkpoint import Checkpoints
from seqlm.training.trainer import Trainer

_CPU = torch.device("cpu")


class Subjects:
    """The weights of one run by name: ``live``, ``best``, ``latest``, or the number of a kept step.

    Args:
        config: The run's configuration.
        text: Its text.
        checkpoints_path: Where its checkpoints lie.
    """

    def __init__(self, config: RunConfig, text: PreparedText, checkpoints_path: Path) -> None:
        self._config, self.text = config, text
        self._checkpoints = Checkpoints(checkpoints_path)
        self._kept: tuple[str, Subject] | None = None
        self._live: Subject | None = None

    def find(self, weights: str, trainer: Trainer | None) -> Subject:
        """The model in the weights that a question names.

        Args:
            weights: The name. Where nothing trains, ``live`` means the latest checkpoint.
            trainer: What trains the run now, if anything does.

        Raises:
            SeqlmError: There are no such weights, or they are damaged.
        """
        if trainer is not None and weights == "live":
            return self._live_copy(trainer)
        name = "latest" if weights == "live" else weights
        name = self._checkpoints.resolve(f"step-{name}" if name.isdecimal() else name)
        if self._kept is None or self._kept[0] != name:
            loaded = self._checkpoints.load(name)
            model = self._model(loaded.weights)
            self._kept = (name, Subject(model, loaded.record.step, self.text, _CPU))
        return self._kept[1]

    def _live_copy(self, trainer: Trainer) -> Subject:
        """The weights of now, so that a long answer is not made of those of many steps."""
        if not trainer.n_parameters:  # counts are replaced, never changed
            return Subject(trainer.model, trainer.step, self.text, trainer.device)
        if self._live is None or self._live.step != trainer.step:
            model = copy.deepcopy(trainer.model).eval()
            self._live = Subject(model, trainer.step, self.text, trainer.device)
        return self._live

    def _model(self, weights: dict[str, Tensor]) -> SequenceModel:
        config, text = self._config, self.text
        model = build(config.model, text.tokenizer.n_vocab, text.fill_id, config.seed)
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            raise SeqlmError("the checkpoint does not fit the run's configuration") from error
        return model.eval()
