"""Forward pass of every model family, written out step by step with named activations.

These functions compute the same logits as the models, up to rounding, from the same weights. They use
plain operations instead of the fused kernels, so that every intermediate result can be read or
ablated. The model itself is never changed, and training never runs them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from seqlm.errors import SeqlmError
from seqlm.insight import attention_pass, feed_forward_pass, recurrent_pass
from seqlm.insight.activations import PATTERN, Ablation, Recorder
from seqlm.models.base import SequenceModel, State
from seqlm.models.bigram import Bigram
from seqlm.models.bow import BagOfWords
from seqlm.models.elman import Elman
from seqlm.models.mlp import Mlp
from seqlm.models.ngram import NgramModel
from seqlm.models.recurrent import Gru, Lstm, Rnn
from seqlm.models.transformer import Transformer
from seqlm.models.wavenet import WaveNet

ForwardPass: TypeAlias = Callable[[Any, Tensor, State | None, Recorder], tuple[Tensor, State]]
"""``(model, tokens, state, record) -> (logits, state)``."""

FORWARD_PASSES: dict[type[SequenceModel], ForwardPass] = {
    NgramModel: feed_forward_pass.run_ngram,
    Bigram: feed_forward_pass.run_bigram,
    Mlp: feed_forward_pass.run_mlp,
    BagOfWords: feed_forward_pass.run_bag_of_words,
    WaveNet: feed_forward_pass.run_wavenet,
    Elman: recurrent_pass.run_elman,
    Rnn: recurrent_pass.run_rnn,
    Gru: recurrent_pass.run_gru,
    Lstm: recurrent_pass.run_lstm,
    Transformer: attention_pass.run_transformer,
}


@torch.no_grad()
def run_forward(
    model: SequenceModel, tokens: Tensor, recorder: Recorder, state: State | None = None
) -> tuple[Tensor, State]:
    """Run the written-out forward pass of a model, without dropout.

    Args:
        model: Model of any family.
        tokens: (B, T) int64, T >= 1.
        recorder: Records and ablates activations.
        state: State that a previous call returned; None at the beginning.

    Returns:
        Logits (B, T, V) float32, and the state after the last token.

    Raises:
        SeqlmError: There are more than ``max_tokens`` tokens, including those in the state.
    """
    n_before = state[0].shape[2] if state and model.max_tokens is not None else 0
    if model.max_tokens is not None and n_before + tokens.shape[1] > model.max_tokens:
        raise SeqlmError(
            f"{n_before + tokens.shape[1]:,} tokens are more than the {model.max_tokens:,} positions"
            " of this model"
        )
    logits, after = FORWARD_PASSES[type(model)](model, tokens, state, recorder)
    return recorder("logits", logits), after


def activations_of(
    model: SequenceModel, ids: Sequence[int], ablations: Iterable[Ablation] = ()
) -> dict[str, Tensor]:
    """Return all activations of a text by name, (T, ..., units) float32 each.

    Args:
        model: Model of any family.
        ids: Token ids, at least one; the first is the end token where the text has one.
        ablations: Activations to replace.
    """
    recorder = Recorder(ablations)
    run_forward(model, torch.tensor([list(ids)], device=device_of(model)), recorder)
    return {name: values[0].cpu() for name, values in recorder.values.items()}


def activation_sizes(model: SequenceModel) -> dict[str, int]:
    """Return the number of units of each activation of a model, in the order of the computation."""
    recorder = Recorder()
    run_forward(model, torch.zeros(1, 1, dtype=torch.int64, device=device_of(model)), recorder)
    return {name: values.shape[-1] for name, values in recorder.values.items()}


def mean_activations(
    model: SequenceModel, texts: Sequence[Sequence[int]]
) -> Iterator[dict[str, Tensor]]:
    """Yield the mean of each activation over the positions of the texts so far, (units,) by name.

    An attention pattern has no mean, because its length is that of the text.
    """
    sums: dict[str, Tensor] = {}
    counts: dict[str, int] = {}
    for ids in texts:
        for name, values in activations_of(model, ids).items():
            if name.endswith(PATTERN):
                continue
            rows = values.flatten(0, -2)  # (T * ..., units)
            sums[name] = sums.get(name, 0) + rows.double().sum(0)
            counts[name] = counts.get(name, 0) + len(rows)
        yield {name: (total / counts[name]).float() for name, total in sums.items()}


def device_of(model: SequenceModel) -> torch.device:
    """Return the device of the parameters or buffers of a model."""
    tensor = next(iter([*model.parameters(), *model.buffers()]))
    return tensor.device


class AblatedModel(SequenceModel):
    """Model with some activations replaced, which satisfies the model law like the model itself.

    Args:
        model: Model; its weights are shared, not copied.
        ablations: Activations to replace.
    """

    def __init__(self, model: SequenceModel, ablations: Sequence[Ablation]) -> None:
        super().__init__(model.n_vocab, model.context, model.max_tokens)
        self._inner = (model,)  # hidden from nn.Module, so that modes and weights stay unchanged
        self._ablations = ablations

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return logits and state; see :class:`SequenceModel`."""
        recorder = Recorder(self._ablations, is_recording=False)
        return run_forward(self._inner[0], tokens, recorder, state)
