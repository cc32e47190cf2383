"""Written-out forward passes of n-grams, the bigram table, the MLP, bag of words and WaveNet."""

import torch
from torch import Tensor, nn

from seqlm.insight.activations import Recorder
from seqlm.models.base import State
from seqlm.models.bigram import Bigram
from seqlm.models.bow import BagOfWords
from seqlm.models.mlp import Mlp
from seqlm.models.ngram import NgramModel
from seqlm.models.wavenet import WaveNet


def run_ngram(
    model: NgramModel, tokens: Tensor, state: State | None, record: Recorder
) -> tuple[Tensor, State]:
    """Return the log probabilities of smoothed counts; there are no other activations."""
    windows, after = model.make_windows(tokens, state)  # (B, T, n-1)
    return model.predict(windows), after  # (B, T, V)


def run_bigram(
    model: Bigram, tokens: Tensor, state: State | None, record: Recorder
) -> tuple[Tensor, State]:
    """Return one row of the table for each token: the matrix product with its one-hot vector."""
    windows, after = model.make_windows(tokens, state)  # (B, T, 1)
    return model.table[windows[..., 0]], after  # (B, T, V)


def run_mlp(
    model: Mlp, tokens: Tensor, state: State | None, record: Recorder
) -> tuple[Tensor, State]:
    """Look up k embeddings, concatenate them, apply the hidden layers and the output layer."""
    windows, after = model.make_windows(tokens, state)  # (B, T, k)
    embedding = record("embedding", model.embedding(windows))  # (B, T, k, E)
    concatenation = record("concatenation", embedding.flatten(-2))  # (B, T, k*E)
    hidden = _run_hidden_layers(model.hidden, concatenation, record)  # (B, T, H)
    return model.output(hidden), after  # (B, T, V)


def run_bag_of_words(
    model: BagOfWords, tokens: Tensor, state: State | None, record: Recorder
) -> tuple[Tensor, State]:
    """Concatenate the mean of all embeddings so far with the last one; then as in the MLP."""
    embedding = record("embedding", model.embedding(tokens))  # (B, T, E)
    sums = embedding.cumsum(1)  # (B, T, E)
    counts = torch.arange(1, tokens.shape[1] + 1, device=sums.device)[:, None].float()  # (T, 1)
    if state is not None:
        sums, counts = sums + state[0][:, None], counts + state[1][:, None]
    mean = record("mean", sums / counts)  # (B, T, E)
    concatenation = record("concatenation", torch.cat([mean, embedding], dim=-1))  # (B, T, 2E)
    hidden = _run_hidden_layers(model.hidden, concatenation, record)  # (B, T, H)
    n_seen = counts[..., -1, :].expand(len(tokens), 1)  # (B, 1)
    return model.output(hidden), (sums[:, -1], n_seen)  # (B, T, V)


def run_wavenet(
    model: WaveNet, tokens: Tensor, state: State | None, record: Recorder
) -> tuple[Tensor, State]:
    """Join neighboring vectors of each window in pairs, layer by layer, until one vector is left.

    The state is the last tokens, as for every fixed context, not the inputs of each layer that the
    model itself keeps; a state of one cannot be used by the other.
    """
    windows, after = model.make_windows(tokens, state)  # (B, T, k)
    vectors = record("embedding", model.embedding(windows))  # (B, T, k, E)
    for depth, layer in enumerate(model.layers):
        pairs = vectors.reshape(*vectors.shape[:-2], -1, 2 * vectors.shape[-1])  # (B, T, k/2, 2C)
        before = record(f"layer.{depth}.preactivation", layer(pairs))  # (B, T, k/2, H)
        vectors = record(f"layer.{depth}.hidden", model.activation(before))  # (B, T, k/2, H)
    return model.output(vectors.squeeze(-2)), after  # (B, T, V)


def _run_hidden_layers(layers: nn.Sequential, x: Tensor, record: Recorder) -> Tensor:
    """Return the output (B, T, H) of hidden layers, each a linear layer and an activation function."""
    depth = 0
    for layer in layers:
        if isinstance(layer, nn.Linear):
            x = record(f"layer.{depth}.preactivation", layer(x))  # (B, T, H)
        elif not isinstance(layer, nn.Dropout):
            x = record(f"layer.{depth}.hidden", layer(x))  # (B, T, H)
            depth += 1
    return x
