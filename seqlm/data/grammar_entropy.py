"""How unsure even a perfect model stays of a text drawn from a grammar: its entropy, exactly.

A sentence is as surprising as all the choices that made it, since each has one derivation alone. The
entropy of a symbol is that of its own choice and, for each rule, of the symbols that it leads to: a
system of linear equations over the symbols, as for any branching process (Grenander 1967). The
expected length of a sentence solves the same system.
"""

import math
from collections.abc import Callable, Mapping

from seqlm.data.grammar import START, Grammar, english

_MOST_ROUNDS = 100_000


def exact_entropy(corpus: str, tokenizer: str) -> float | None:
    """The lowest loss that any model can have on average, in nats per token; None where unknown.

    It is known for the stream ``grammar`` in characters, bytes and words. Words carry no sign where
    a sentence ends, and need none: what could go on with a determiner is no whole sentence yet.
    """
    if corpus != "grammar" or tokenizer not in _LENGTHS:
        return None
    grammar = english()
    return sentence_entropy(grammar) / expected_length(grammar, _LENGTHS[tokenizer])


_LENGTHS: Mapping[str, Callable[[str], int]] = {
    "char": lambda word: len(word) + 1,  # with the blank or the line feed after it
    "byte": lambda word: len(word.encode()) + 1,
    "word": lambda word: 1,
}


def sentence_entropy(grammar: Grammar) -> float:
    """The entropy of one sentence, in nats, where each has one derivation."""
    own = {
        symbol: -sum(rule.probability * math.log(rule.probability) for rule in rules)
        for symbol, rules in grammar.items()
    }
    return _with_all_below(grammar, own)[START]


def expected_length(grammar: Grammar, length: Callable[[str], int]) -> float:
    """The expected sum of ``length`` over the words of a sentence."""
    own = {
        symbol: sum(
            rule.probability * sum(length(part) for part in rule.parts if part not in grammar)
            for rule in rules
        )
        for symbol, rules in grammar.items()
    }
    return _with_all_below(grammar, own)[START]


def _with_all_below(grammar: Grammar, own: Mapping[str, float]) -> dict[str, float]:
    """For each symbol its own value and the expected sum over all symbols that come of it.

    The equations ``x = own + M x`` are solved by putting their right side in again and again, which
    each time reaches one rule deeper, until nothing changes.

    Raises:
        ArithmeticError: Sentences are endless on average.
    """
    found = dict(own)
    for _ in range(_MOST_ROUNDS):
        before = found
        found = {
            symbol: own[symbol]
            + sum(
                rule.probability * sum(before.get(part, 0.0) for part in rule.parts)
                for rule in rules
            )
            for symbol, rules in grammar.items()
        }
        if all(math.isclose(found[symbol], before[symbol], rel_tol=1e-15) for symbol in found):
            return found
    raise ArithmeticError("the sentences of this grammar are endless on average")
