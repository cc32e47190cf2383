"""The Transformer's decoder (Vaswani et al. 2017), pre-norm (Radford et al. 2019, section 2.3)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from seqlm.configuration.model_configs import TransformerConfig
from seqlm.errors import SeqlmError
from seqlm.models.base import SequenceModel, State
from seqlm.models.layers import ACTIVATIONS, initialize, make_output


class CausalSelfAttention(nn.Module):
    """Each position asks all positions up to its own, in several heads (section 3.2).

    Args:
        width: C.
        n_heads: H, a divisor of C.
    """

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.ask = nn.Linear(width, 3 * width)  # query, key and value, side by side
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, cache: State) -> tuple[Tensor, State]:
        """Attend.

        Args:
            x: (B, T, C).
            cache: Keys and values of the positions before, each (B, H, T', C/H); empty where
                there are none.

        Returns:
            What was found (B, T, C), and the keys and values of all positions.
        """
        parts = self.ask(x).unflatten(-1, (3, self.n_heads, -1))  # (B, T, 3, H, C/H)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (B, H, T, C/H) each
        if cache:
            key, value = torch.cat([cache[0], key], 2), torch.cat([cache[1], value], 2)
        n_new, n_all = query.shape[2], key.shape[2]
        mask = None
        if 1 < n_new < n_all:  # the kernel knows the triangle alone, not one that begins later
            mask = torch.ones(n_new, n_all, dtype=torch.bool, device=x.device).tril(n_all - n_new)
        found = scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=1 < n_new == n_all
        )  # (B, H, T, C/H)
        found = found.transpose(1, 2).flatten(2)  # (B, T, C)
        return self.output(found), (key, value)


class Block(nn.Module):
    """Attention, then hidden units at each position alone; each adds to what goes by.

    Args:
        config: Sizes, activation and dropout.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = CausalSelfAttention(config.width, config.heads)
        self.hidden_norm = nn.LayerNorm(config.width)
        self.hidden = nn.Linear(config.width, config.hidden)
        self.curve = ACTIVATIONS[config.activation]()
        self.output = nn.Linear(config.hidden, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cache: State) -> tuple[Tensor, State]:
        """One block on (B, T, C); see :class:`CausalSelfAttention`."""
        found, cache = self.attention(self.attention_norm(x), cache)
        x = x + self.dropout(found)
        hidden = self.curve(self.hidden(self.hidden_norm(x)))  # (B, T, 4C or so)
        return x + self.dropout(self.output(hidden)), cache


class Transformer(SequenceModel):
    """Tokens and their positions, blocks, a last norm, output.

    Weights of attention are never dropped out: the library's fast kernel for processors has no such
    thing. The state is the keys and values of each layer, each (B, H, T, C/H). Positions are counted
    from where it began to read, and there are ``max_tokens`` of them.

    Args:
        config: Sizes, activation, dropout, first weights.
        n_vocab: V.
    """

    def __init__(self, config: TransformerConfig, n_vocab: int) -> None:
        super().__init__(n_vocab, max_tokens=config.max_tokens)
        self.embedding = nn.Embedding(n_vocab, config.width)
        self.positions = nn.Embedding(config.max_tokens, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.output = make_output(config.width, n_vocab, self.embedding if config.tied else None)
        initialize(self, config.init, (), self.output)
        if config.init == "scaled":
            self._scale(config)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict what follows each token; see :class:`SequenceModel`.

        Raises:
            SeqlmError: There are more tokens than positions.
        """
        before = state or ()
        begin = before[0].shape[2] if before else 0
        end = begin + tokens.shape[1]
        if end > self.positions.num_embeddings:
            raise SeqlmError(
                f"{end:,} tokens are more than the model.max_tokens={self.positions.num_embeddings}"
                " that this transformer has positions for"
            )
        x = self.dropout(self.embedding(tokens) + self.positions.weight[begin:end])  # (B, T, C)
        after: State = ()
        for depth, block in enumerate(self.blocks):
            x, cache = block(x, before[2 * depth : 2 * depth + 2])
            after += cache
        return self.output(self.norm(x)), after  # (B, T, V)

    def _scale(self, config: TransformerConfig) -> None:
        """Weights by fan-in, and smaller where a layer adds to the stream, the more layers the smaller.

        So Radford et al. 2019 (section 2.3) keep the stream from growing with depth. Their tables
        begin at 0.02 or below; here they keep the library's N(0, 1), from which such small models
        learn faster.
        """
        for block in self.blocks:
            for name, layer in block.named_modules():
                if isinstance(layer, nn.Linear):
                    nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
                    nn.init.zeros_(layer.bias)
                    if name.endswith("output"):
                        layer.weight.detach().div_((2 * config.layers) ** 0.5)
