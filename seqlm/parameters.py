"""How many numbers a model learns, told from its configuration without building it."""

from itertools import pairwise

from seqlm.config import ElmanConfig, LstmConfig, MlpConfig, ModelConfig


def n_parameters(config: ModelConfig, n_vocab: int, has_end: bool = True) -> int:
    """Trainable numbers in a model; a table of counts has none.

    Args:
        config: The family and its sizes.
        n_vocab: V, the number of tokens.
        has_end: Whether items end with an end token. Where there is none, a fixed context is filled
            with a row of its own before the first token.
    """
    match config:
        case MlpConfig():
            return _mlp(config, n_vocab, n_vocab if has_end else n_vocab + 1)
        case ElmanConfig():
            layers = _recurrent(config.embedding, config.hidden)
        case LstmConfig():
            n_in = [config.embedding] + [config.hidden] * (config.layers - 1)
            layers = sum(4 * _recurrent(n, config.hidden) for n in n_in)
        case _:
            return 0
    return n_vocab * config.embedding + layers + _linear(config.hidden, n_vocab)


def _mlp(config: MlpConfig, n_vocab: int, n_rows: int) -> int:
    widths = [config.context * config.embedding, *[config.hidden] * config.layers, n_vocab]
    return n_rows * config.embedding + sum(_linear(n_in, n_out) for n_in, n_out in pairwise(widths))


def _linear(n_in: int, n_out: int) -> int:
    """A weight for each pair, and a bias for each output."""
    return n_in * n_out + n_out


def _recurrent(n_in: int, n_hidden: int) -> int:
    """From the input and from the state before, each with a bias, as torch counts them."""
    return _linear(n_in, n_hidden) + _linear(n_hidden, n_hidden)
