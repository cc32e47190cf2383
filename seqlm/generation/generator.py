"""Text from a model, one token at a time, with the state carried."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import AnyTokenizer
from seqlm.errors import RequestError, SeqlmError
from seqlm.generation.sampler import SampledSequence, uniform_random
from seqlm.models.base import SequenceModel, State
from seqlm.models.sliding_window import with_sliding_window

_TOKENS_PER_PIECE = 512
_OPTIONS_PER_PIECE = 8192  # sorting these takes some milliseconds
_MAX_ROWS_PER_PIECE = 256


class Prediction(NamedTuple):
    """What a model expects after a prompt.

    Attributes:
        probabilities: V numbers, by token id.
        surprisal: Of each token of the prompt that was predicted, in nats.
        state: To go on from.
    """

    probabilities: list[float]
    surprisal: list[float]
    state: State


class Generator:
    """Predicts, scores and draws with one model.

    Args:
        model: In its present weights; it is left in training mode if it was.
        tokenizer: Of the model's corpus.
        device: Where the model is.
    """

    def __init__(self, model: SequenceModel, tokenizer: AnyTokenizer, device: torch.device) -> None:
        self._model, self._tokenizer, self._device = model, tokenizer, device
        self._read = with_sliding_window(model)

    def prepare_input(self, prompt: Sequence[int]) -> list[int]:
        """What is fed for a prompt: an item begins after the end token.

        Raises:
            RequestError: Nothing to begin from: no prompt, and no end token either.
        """
        end_id = self._tokenizer.end_id
        if end_id is not None:
            return [end_id, *prompt]
        if not prompt:
            raise RequestError(
                "an empty prompt: this text has no end token to begin after; give a token to begin"
                " with (sample --prompt P, predict RUN PROMPT)",
                "",
            )
        return list(prompt)

    def predict(self, prompt: Sequence[int]) -> Prediction:
        """The distribution of the token after ``prompt`` (ids without the leading end token)."""
        *_, prediction = self.predict_in_pieces(prompt)
        return prediction

    def predict_in_pieces(self, prompt: Sequence[int]) -> Iterator[Prediction]:
        """:meth:`predict` in pieces: what is expected after each piece, the last one after all."""
        fed = self.prepare_input(prompt)
        surprisal: list[float] = []
        state: State | None = None
        for start in range(0, len(fed), _TOKENS_PER_PIECE):
            piece = fed[start : start + _TOKENS_PER_PIECE]
            log_p, state = self._log_probabilities([piece], state)  # (1, T, V)
            following = fed[start + 1 : start + 1 + len(piece)]
            surprisal += [-float(log_p[0, t, token]) for t, token in enumerate(following)]
            yield Prediction(log_p[0, -1].exp().tolist(), surprisal, state)

    def score(self, ids: Sequence[int]) -> Iterator[list[float]]:
        """The surprisal in nats of each predicted token of a text, in pieces, read in one pass.

        Args:
            ids: With the end token before and after, or a plain stream (its first token is given).
        """
        state: State | None = None
        for start in range(0, len(ids) - 1, _TOKENS_PER_PIECE):
            piece = ids[start : start + _TOKENS_PER_PIECE + 1]
            log_p, state = self._log_probabilities([list(piece[:-1])], state)
            targets = torch.tensor(piece[1:])
            yield (-log_p[0].gather(1, targets[:, None])[:, 0]).tolist()

    def sample(
        self, prompt: Sequence[int], settings: SampleConfig, n_samples: int, length: int
    ) -> Iterator[list[SampledSequence]]:
        """Continue a prompt ``n_samples`` times, some of them a token further with each iteration.

        So many are drawn at once as take a few milliseconds, to their end; then the next.

        Every sample has random numbers of its own, by ``settings.seed`` and its place, so more
        samples or longer ones never change those before.

        Yields:
            The samples so far, the same list each time; one that met the end token grows no more.
        """
        samples = [SampledSequence([], [], [], []) for _ in range(n_samples)]
        for first in self.predict_in_pieces(prompt):
            yield samples
        n_rows = min(_MAX_ROWS_PER_PIECE, max(1, _OPTIONS_PER_PIECE // self._tokenizer.n_vocab))
        for begin in range(0, n_samples, n_rows):
            alive = list(range(begin, min(begin + n_rows, n_samples)))
            for _ in self._grow(samples, alive, first, settings, length):
                yield samples

    def _grow(
        self,
        samples: list[SampledSequence],
        alive: list[int],
        first: Prediction,
        settings: SampleConfig,
        length: int,
    ) -> Iterator[None]:
        """Let the samples at the places ``alive`` grow to their end, a token each iteration."""
        rows = [first.probabilities] * len(alive)
        state = tuple(part.expand(len(alive), *part.shape[1:]) for part in first.state)
        for position in range(length):
            for row, index in enumerate(alive):
                u = uniform_random(settings.seed, index, position)
                samples[index].append_sample(rows[row], settings, u)
            going = [
                row for row, i in enumerate(alive) if samples[i].ids[-1] != self._tokenizer.end_id
            ]
            yield None
            if not going or position + 1 == length:
                return
            alive = [alive[row] for row in going]
            state = tuple(part[going] for part in state)
            log_p, state = self._log_probabilities([[samples[i].ids[-1]] for i in alive], state)
            rows = log_p[:, -1].exp().tolist()

    @torch.inference_mode()
    def _log_probabilities(
        self, rows: list[list[int]], state: State | None
    ) -> tuple[Tensor, State]:
        was_training = self._model.training
        self._model.eval()
        try:
            logits, after = self._read(torch.tensor(rows, device=self._device), state)
        finally:
            self._model.train(was_training)
        log_p = logits.cpu().double().log_softmax(-1)  # (B, T, V); some devices have no float64
        if log_p.isnan().any():
            raise SeqlmError("these weights give NaN instead of probabilities: training diverged")
        return log_p, after
