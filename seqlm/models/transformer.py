"""Transformer decoder (Vaswani et al. 2017) with pre-norm (Radford et al. 2019, section 2.3)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from seqlm.configuration.model_configs import TransformerConfig
from seqlm.errors import SeqlmError
from seqlm.models.base import SequenceModel, State
from seqlm.models.layers import ACTIVATIONS, initialize, make_output


class CausalSelfAttention(nn.Module):
    """Causal multi-head self-attention (Vaswani et al. 2017, section 3.2).

    Args:
        width: C, the embedding size.
        n_heads: H, a divisor of C.
    """

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        # The query, key and value projection. Checkpoints store it under the name "ask", so the
        # attribute keeps this name: renaming it would change the run format.
        self.ask = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    @property
    def qkv_proj(self) -> nn.Linear:
        """Linear layer from C to 3C: query, key and value of all heads."""
        return self.ask

    def forward(self, x: Tensor, cache: State) -> tuple[Tensor, State]:
        """Return the attention output of each position.

        Args:
            x: (B, T, C) float32.
            cache: Keys and values of previous positions, each (B, H, T', C/H); empty if there are
                none.

        Returns:
            The output (B, T, C), and the keys and values of all positions (B, H, T'+T, C/H).
        """
        qkv = self.qkv_proj(x).unflatten(-1, (3, self.n_heads, -1))  # (B, T, 3, H, C/H)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # (B, H, T, C/H) each
        if cache:
            key, value = torch.cat([cache[0], key], 2), torch.cat([cache[1], value], 2)
        n_new, n_all = query.shape[2], key.shape[2]
        mask = None
        if 1 < n_new < n_all:  # is_causal supports only square masks
            mask = torch.ones(n_new, n_all, dtype=torch.bool, device=x.device).tril(n_all - n_new)
        attended = scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=1 < n_new == n_all
        )  # (B, H, T, C/H)
        attended = attended.transpose(1, 2).flatten(2)  # (B, T, C)
        return self.output(attended), (key, value)


class Block(nn.Module):
    """Transformer block: self-attention and a position-wise MLP, each with a residual connection.

    Args:
        config: Sizes, activation and dropout.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = CausalSelfAttention(config.width, config.heads)
        self.hidden_norm = nn.LayerNorm(config.width)
        self.hidden = nn.Linear(config.width, config.hidden)
        self.activation = ACTIVATIONS[config.activation]()
        self.output = nn.Linear(config.hidden, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cache: State) -> tuple[Tensor, State]:
        """Return the output (B, T, C) of ``x`` (B, T, C), and the new cache.

        See :class:`CausalSelfAttention` for the cache.
        """
        attended, cache = self.attention(self.attention_norm(x), cache)  # (B, T, C)
        x = x + self.dropout(attended)
        hidden = self.activation(self.hidden(self.hidden_norm(x)))  # (B, T, hidden)
        return x + self.dropout(self.output(hidden)), cache  # (B, T, C)


class Transformer(SequenceModel):
    """Token and position embeddings, blocks, final layer norm, output.

    There is no dropout on attention weights, because the fast CPU kernel of PyTorch does not support
    it. The state is the key-value cache, two tensors (B, H, T, C/H) per layer. Positions are learned
    and counted from the start of the state; there are ``max_tokens`` positions.

    Args:
        config: Sizes, activation, dropout and initialization.
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
            self._init_scaled(config)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return logits and state; see :class:`SequenceModel`.

        Raises:
            SeqlmError: There are more tokens than positions.
        """
        before = state or ()
        start = before[0].shape[2] if before else 0
        end = start + tokens.shape[1]
        if end > self.positions.num_embeddings:
            raise SeqlmError(
                f"{end:,} tokens are more than model.max_tokens={self.positions.num_embeddings}, the"
                " number of positions of this transformer"
            )
        x = self.dropout(self.embedding(tokens) + self.positions.weight[start:end])  # (B, T, C)
        after: State = ()
        for depth, block in enumerate(self.blocks):
            x, cache = block(x, before[2 * depth : 2 * depth + 2])
            after += cache
        return self.output(self.norm(x)), after  # (B, T, V)

    def _init_scaled(self, config: TransformerConfig) -> None:
        """Initialize weights by fan-in, and divide residual projections by sqrt(2 * layers).

        The division keeps the residual stream from growing with depth (Radford et al. 2019, section
        2.3). In contrast to the paper, embeddings keep the N(0, 1) of PyTorch instead of a standard
        deviation of 0.02, because small models then learn faster.
        """
        for block in self.blocks:
            for name, layer in block.named_modules():
                if isinstance(layer, nn.Linear):
                    nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
                    nn.init.zeros_(layer.bias)
                    if name.endswith("output"):
                        layer.weight.detach().div_((2 * config.layers) ** 0.5)
