"""How many numbers a model learns, told from its configuration without building it."""

from seqlm.families import ModelConfig


def n_parameters(config: ModelConfig, n_vocab: int, has_end: bool = True) -> int:
    """Trainable numbers in a model; a table of counts has none.

    Args:
        config: The family and its sizes.
        n_vocab: V, the number of tokens.
        has_end: Whether items end with an end token. Where there is none, a fixed context is filled
            with a row of its own before the first token.
    """
    return config.n_parameters(n_vocab, n_vocab if has_end else n_vocab + 1)
