"""The models that questions are about: the one being trained, or one in weights that were kept."""

import copy
from collections import deque
from pathlib import Path

import torch
from torch import Tensor

from seqlm.configuration.run_config import RunConfig
from seqlm.data.prepared_text import PreparedText
from seqlm.errors import RequestError, SeqlmError
from seqlm.models.base import SequenceModel
from seqlm.models.registry import build
from seqlm.runs.checkpoint import CheckpointStore
from seqlm.training.trainer import Trainer
from seqlm.worker.query_handlers import ModelSnapshot

_CPU = torch.device("cpu")
_MOST_RECENT, _RECENT_PARAMETERS = 16, 4_000_000
_UNFITTING = "the checkpoint does not fit the run's configuration"


class ModelSnapshots:
    """The weights of one run by name: ``live``, ``best``, ``latest``, or the number of a step.

    A step is one whose weights were kept, or one that ``live`` meant a moment ago.

    Args:
        config: The run's configuration.
        text: Its text.
        checkpoints_path: Where its checkpoints lie.
    """

    def __init__(self, config: RunConfig, text: PreparedText, checkpoints_path: Path) -> None:
        self.config, self.text = config, text
        self._checkpoints = CheckpointStore(checkpoints_path)
        self._kept: tuple[str, ModelSnapshot] | None = None
        self._recent: deque[ModelSnapshot] = deque()
        self._held: ModelSnapshot | None = None

    def find(self, weights: str, trainer: Trainer | None) -> ModelSnapshot:
        """The model in the weights that a question names.

        Args:
            weights: The name. Where nothing trains, ``live`` means the latest checkpoint.
            trainer: What trains the run now, if anything does.

        Raises:
            RequestError: There are no such weights; says which there are.
            SeqlmError: They are damaged.
        """
        if trainer is not None and weights == "live":
            return self._live_copy(trainer)
        held = self._held_copy(weights)
        if held is not None:
            return held
        name = self._name_of(weights)
        if self._kept is None or self._kept[0] != name:
            loaded = self._checkpoints.load(name)
            model = self._model(loaded.weights)
            self._kept = (name, ModelSnapshot(model, loaded.record.step, self.text, _CPU))
        return self._kept[1]

    def _name_of(self, weights: str) -> str:
        """The checkpoint that a name of weights means."""
        name = "latest" if weights == "live" else weights
        if name in ("best", "latest"):
            return self._checkpoints.resolve(name)
        steps = [str(step) for step in self._checkpoints.steps()]
        if name in steps:
            return f"step-{name}"
        pointers = [pointer for pointer in ("best", "latest") if self._checkpoints.has(pointer)]
        taken = ", ".join([*pointers, *steps]) or "nothing yet"
        raise RequestError(f"no weights {weights!r} are kept; taken: {taken}", weights)

    def _live_copy(self, trainer: Trainer) -> ModelSnapshot:
        """The weights of now, so that a long answer is not made of those of many steps."""
        if not trainer.n_parameters:  # counts are replaced, never changed
            return ModelSnapshot(trainer.model, trainer.step, self.text, trainer.device)
        if not self._recent or self._recent[-1].step != trainer.step:
            model = copy.deepcopy(trainer.model).eval()
            self._recent.append(ModelSnapshot(model, trainer.step, self.text, trainer.device))
            n_kept = min(_MOST_RECENT, _RECENT_PARAMETERS // trainer.n_parameters)
            while len(self._recent) > max(1, n_kept):
                self._recent.popleft()
        return self._recent[-1]

    def _held_copy(self, weights: str) -> ModelSnapshot | None:
        """A copy of live weights that is asked for again by its step.

        A screen that holds the weights of a step while training goes on names it in each question.
        So the last one that was asked for stays, while the others make room for newer ones.
        """
        copies = (*self._recent, *([self._held] if self._held else []))
        found = next((subject for subject in copies if str(subject.step) == weights), None)
        self._held = found or self._held
        return found

    def _model(self, weights: dict[str, Tensor]) -> SequenceModel:
        with torch.device("meta"):  # names and shapes without their memory
            expected = self._built().state_dict()
        if not _fits(weights, expected):
            raise SeqlmError(_UNFITTING)
        model = self._built()
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            raise SeqlmError(_UNFITTING) from error
        return model.eval()

    def _built(self) -> SequenceModel:
        config, text = self.config, self.text
        return build(config.model, text.tokenizer.n_vocab, text.fill_id, config.seed)


def _fits(weights: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    """Whether tensors have these names and shapes; one that begins empty may have any length."""
    return weights.keys() == expected.keys() and all(
        found.ndim == wanted.ndim
        and found.shape[1:] == wanted.shape[1:]
        and (found.shape[:1] == wanted.shape[:1] or wanted.shape[0] == 0)
        for found, wanted in ((weights[name], expected[name]) for name in expected)
    )
