"""The losses that a model has to beat, counted before anything is trained."""

import math
from collections import Counter
from itertools import chain, pairwise

from seqlm.data.ngrams import NgramCounts, NgramTable
from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import Split


def reference_losses(prepared: PreparedText, tokenizer: str) -> dict[str, float]:
    """What can be reached without training on this very split, in nats per token.

    Args:
        prepared: The text.
        tokenizer: The name of what cut it into tokens.

    Returns:
        ``uniform``: ln V, every token equally probable; ``bigram``: counts of pairs in train, 1
        added to each, scored on val (on train where there is no val); ``perfect``: what no model
        can go below on average, where the rules that made the text are known.
    """
    train = bigram_counts(prepared, "train")
    scored = bigram_counts(prepared, "val") if prepared.items["val"] else train
    perfect = perfect_loss(prepared, tokenizer)
    return {
        "uniform": math.log(prepared.tokenizer.n_vocab),
        "bigram": NgramTable(train).loss_of(scored),
        **({} if perfect is None else {"perfect": perfect}),
    }


def perfect_loss(prepared: PreparedText, tokenizer: str) -> float | None:
    """The entropy of the rules that made a text, in nats per token; None where it is not known.

    Where words are read as the unknown one, the rules say more than the tokens do.
    """
    corpus = prepared.corpus
    if corpus.path is not None or corpus.name != "grammar" or corpus.mode != "stream":
        return None
    if prepared.has_unknown:
        return None
    from seqlm.data.grammar import exact_entropy  # here, as few texts are made by a grammar

    return exact_entropy(corpus.name, tokenizer)


def bigram_counts(prepared: PreparedText, split: Split) -> NgramCounts:
    """The counts of order 2 of a split: those of ``NgramCounts.fit``, several times faster.

    Pairs of tokens are counted as they stand in the text; only the different ones are numbered.
    """
    items, tokenizer = prepared.items[split], prepared.tokenizer
    if prepared.only_last:
        sequences, n_vocab = prepared.sequences(split), tokenizer.n_vocab
        return NgramCounts.fit(sequences, 2, n_vocab, prepared.fill_id, only_last=True)
    # One end token both ends an item and begins one.
    has_end = tokenizer.end_id is not None and bool(items)
    rows = [tokenizer.split_items(items)] if has_end else map(tokenizer.split, items)
    pairs = Counter(chain.from_iterable(map(pairwise, rows)))
    name = {token: chr(i) for token, i in tokenizer.ids.items()}
    unknown = "" if tokenizer.unknown_id is None else chr(tokenizer.unknown_id)
    grams: Counter[str] = Counter()
    for (a, b), count in pairs.items():
        grams[name.get(a, unknown) + name.get(b, unknown)] += count
    return NgramCounts(2, tokenizer.n_vocab, prepared.fill_id, grams)


def perplexity(loss: float) -> float:
    """Return the exponential of a loss in nats; infinite where that exceeds the largest float."""
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf
