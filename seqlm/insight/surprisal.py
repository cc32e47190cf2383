"""View of the surprisal of each token of a text, and of the tokens that were expected there."""

from collections.abc import Sequence

import torch

from seqlm.insight.activations import Ablation, Recorder
from seqlm.insight.forward_pass import device_of, run_forward
from seqlm.models.base import SequenceModel
from seqlm.protocol.view_results import TokenSurprisal


def surprisal(
    model: SequenceModel,
    ids: Sequence[int],
    ablations: Sequence[Ablation] = (),
    n_expected: int = 5,
) -> list[TokenSurprisal]:
    """Return the surprisal of each token of a text but the first, in order.

    Args:
        model: Model of any family.
        ids: Token ids, at least two; the first is only context.
        ablations: Activations to replace.
        n_expected: Number of expected tokens for each position.
    """
    inputs = torch.tensor([list(ids[:-1])], device=device_of(model))  # (1, T)
    logits, _ = run_forward(model, inputs, Recorder(ablations, is_recording=False))
    log_p = logits[0].cpu().double().log_softmax(-1)  # (T, V)
    targets = torch.tensor(ids[1:])
    of_target = log_p.gather(1, targets[:, None])  # (T, 1)
    ranks = (log_p > of_target).sum(-1)  # (T,)
    entropies = torch.special.entr(log_p.exp()).sum(-1)  # (T,)
    best = log_p.exp().topk(min(n_expected, log_p.shape[-1]))  # (T, n)
    return [
        TokenSurprisal(
            token_id=int(targets[t]),
            surprisal=-float(of_target[t]),
            rank=int(ranks[t]),
            entropy=float(entropies[t]),
            expected=list(zip(best.indices[t].tolist(), best.values[t].tolist(), strict=True)),
        )
        for t in range(len(targets))
    ]
