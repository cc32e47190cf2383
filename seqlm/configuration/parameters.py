"""How many numbers a model learns, told from its configuration without building it."""

from itertools import pairwise

from seqlm.configuration.model_base import InputOutputConfig, ModelFamily


def n_parameters(config: ModelFamily, n_vocab: int, has_end: bool = True) -> int:
    """Trainable numbers in a model; a table of counts has none.

    Args:
        config: The family and its sizes.
        n_vocab: V, the number of tokens.
        has_end: Whether items end with an end token. Where there is none, a fixed context is filled
            with a row of its own before the first token.
    """
    return config.n_parameters(n_vocab, n_vocab if has_end else n_vocab + 1)


def input_width(config: InputOutputConfig, n_vocab: int) -> int:
    """Numbers in the vector that stands for one token."""
    return {"embedding": int(config.embedding), "one_hot": n_vocab, "scalar": 1}[config.input]


def n_input_output(config: InputOutputConfig, n_vocab: int, n_rows: int) -> int:
    """The two ends of a network: the embedding's table, if there is one, and the output."""
    table = n_rows * config.embedding if config.input == "embedding" else 0
    return int(table) + n_output(config.hidden, n_vocab, config.tied)


def n_output(n_hidden: int, n_vocab: int, tied: bool) -> int:
    """The output layer; a tied one has nothing of its own but the biases."""
    return n_vocab if tied else n_linear(n_hidden, n_vocab)


def n_stack(n_in: int, n_hidden: int, n_layers: int) -> int:
    """Hidden layers one after the other."""
    return sum(n_linear(*pair) for pair in pairwise([n_in, *[n_hidden] * n_layers]))


def n_linear(n_in: int, n_out: int) -> int:
    """A weight for each pair, and a bias for each output."""
    return n_in * n_out + n_out


def n_recurrent(n_in: int, n_hidden: int) -> int:
    """From the input and from the state before, each with a bias, as torch counts them."""
    return n_linear(n_in, n_hidden) + n_linear(n_hidden, n_hidden)
