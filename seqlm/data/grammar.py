"""Probabilistic context-free grammar of English-like sentences: its text and its exact entropy.

Each rule has a probability, so each sentence has a probability too, and the entropy of the text can
be computed exactly. A sentence has exactly one derivation, so its surprisal is the sum of the
surprisals of the rules chosen for it. Subject and verb agree in number, whatever stands between
them: ``the gulls near the lighthouse that the sailor sees sleep``.
"""

import math
import random
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeAlias

from msgspec import Struct

from seqlm import errors

_RULES = """
S        .82 Clause | .18 Clause Join S
Clause   .5 NP1 VP1 | .5 NP2 VP2
NP1      .55 Det1 Noun1 | .15 Det1 Adj Noun1 | .12 Det1 Noun1 PP | .18 Det1 Noun1 RC1
NP2      .55 Det2 Noun2 | .15 Det2 Adj Noun2 | .12 Det2 Noun2 PP | .18 Det2 Noun2 RC2
RC1      .5 that VP1 | .25 that NP1 Sees1 | .25 that NP2 Sees2
RC2      .5 that VP2 | .25 that NP1 Sees1 | .25 that NP2 Sees2
VP1      .25 Sleeps1 | .2 Sleeps1 How | .2 Sleeps1 PP | .27 Sees1 Object | .08 Knows1 that Clause
VP2      .25 Sleeps2 | .2 Sleeps2 How | .2 Sleeps2 PP | .27 Sees2 Object | .08 Knows2 that Clause
Object   .5 NP1 | .5 NP2
PP       1 Where Det1 Place
Join     .5 and | .3 but | .2 while
Det1     .6 the | .25 a | .15 every
Det2     .6 the | .25 some | .15 these
Adj      .3 small | .2 grey | .2 young | .15 happy | .1 tired | .05 clever
Noun1    .2 sailor | .2 girl | .15 dog | .15 gull | .1 child | .1 teacher | .1 baker
Noun2    .2 sailors | .2 girls | .15 dogs | .15 gulls | .1 children | .1 teachers | .1 bakers
Place    .3 harbour | .25 garden | .2 river | .15 lighthouse | .1 market
Where    .5 near | .3 behind | .2 by
How      .5 quietly | .3 often | .2 well
Sleeps1  .3 sleeps | .25 sings | .2 waits | .15 dances | .1 laughs
Sleeps2  .3 sleep | .25 sing | .2 wait | .15 dance | .1 laugh
Sees1    .3 sees | .25 follows | .2 helps | .15 likes | .1 paints
Sees2    .3 see | .25 follow | .2 help | .15 like | .1 paint
Knows1   .6 knows | .4 hopes
Knows2   .6 know | .4 hope
"""

START = "S"
MIN_CHARACTERS = 400_000  # the text ends with the first sentence that reaches this length
_SEED = 0
_MAX_ITERATIONS = 100_000


class Rule(Struct, frozen=True):
    """Production rule of a symbol.

    Attributes:
        probability: Probability of choosing this rule for its symbol.
        parts: Symbols and words that replace the symbol.
    """

    probability: float
    parts: tuple[str, ...]


Grammar: TypeAlias = Mapping[str, tuple[Rule, ...]]
"""The rules of each symbol. A part without rules is a word."""


def parse_grammar(text: str) -> Grammar:
    """Parse lines of the form ``SYMBOL PROBABILITY PART... | PROBABILITY PART...``.

    Raises:
        RequestError: The probabilities of a symbol do not sum to 1.
    """
    grammar: dict[str, tuple[Rule, ...]] = {}
    for line in text.strip().splitlines():
        symbol, _, alternatives = line.partition(" ")
        grammar[symbol] = tuple(_parse_rule(words.split()) for words in alternatives.split("|"))
        total = sum(rule.probability for rule in grammar[symbol])
        if abs(total - 1) > 1e-9:
            raise errors.RequestError(
                f"the probabilities of the rules of {symbol} sum to {total:g}, not to 1", total
            )
    return grammar


def _parse_rule(words: list[str]) -> Rule:
    return Rule(float(words[0]), tuple(words[1:]))


@cache
def english_grammar() -> Grammar:
    """Return the grammar of the corpus ``grammar``."""
    return parse_grammar(_RULES)


def sample_sentence(grammar: Grammar, generator: random.Random) -> tuple[list[str], list[float]]:
    """Sample one sentence.

    Returns:
        The words, and the probability of each rule that was chosen.
    """
    words: list[str] = []
    chosen: list[float] = []
    pending = [START]  # a stack: the next symbol is the last
    while pending:
        symbol = pending.pop()
        if symbol in grammar:
            rule = _choose_rule(grammar[symbol], generator.random())
            chosen.append(rule.probability)
            pending += reversed(rule.parts)
        else:
            words.append(symbol)
    return words, chosen


def _choose_rule(rules: tuple[Rule, ...], u: float) -> Rule:
    for rule in rules:
        u -= rule.probability
        if u < 0:
            return rule
    return rules[-1]  # reached by rounding errors only


@cache
def grammar_text() -> bytes:
    """Return sentences sampled from the grammar, one per line; the same sentences every time."""
    grammar, generator = english_grammar(), random.Random(_SEED)
    lines: list[str] = []
    n_characters = 0
    while n_characters < MIN_CHARACTERS:
        lines.append(" ".join(sample_sentence(grammar, generator)[0]))
        n_characters += len(lines[-1]) + 1
    return "".join(f"{line}\n" for line in lines).encode()


def exact_entropy(corpus: str, tokenizer: str) -> float | None:
    """Return the entropy of a corpus in nats per token, the lowest possible expected loss.

    The entropy is known for the stream ``grammar`` in characters, bytes and words. Word tokens do
    not mark where a sentence ends and need not do so: a sequence of words that can be followed by a
    determiner of the same sentence is never a complete sentence.

    Returns:
        The entropy, or None where it is unknown.
    """
    if corpus != "grammar" or tokenizer not in _TOKENS_PER_WORD:
        return None
    grammar = english_grammar()
    return sentence_entropy(grammar) / expected_length(grammar, _TOKENS_PER_WORD[tokenizer])


_TOKENS_PER_WORD: Mapping[str, Callable[[str], int]] = {
    "char": lambda word: len(word) + 1,  # the space or the line feed after the word is a token too
    "byte": lambda word: len(word.encode()) + 1,
    "word": lambda word: 1,
}


def sentence_entropy(grammar: Grammar) -> float:
    """Return the entropy of one sentence in nats, for a grammar with one derivation per sentence."""
    own_entropy = {
        symbol: -sum(rule.probability * math.log(rule.probability) for rule in rules)
        for symbol, rules in grammar.items()
    }
    return _sum_over_derivation(grammar, own_entropy)[START]


def expected_length(grammar: Grammar, length: Callable[[str], int]) -> float:
    """Return the expected sum of ``length(word)`` over the words of a sentence."""
    own_length = {
        symbol: sum(
            rule.probability * sum(length(part) for part in rule.parts if part not in grammar)
            for rule in rules
        )
        for symbol, rules in grammar.items()
    }
    return _sum_over_derivation(grammar, own_length)[START]


def _sum_over_derivation(grammar: Grammar, own: Mapping[str, float]) -> dict[str, float]:
    """Return the expected sum of ``own`` over all symbols in the derivation of each symbol.

    The sums solve a system of linear equations ``x = own + M x``, as for any branching process
    (Grenander 1967). Fixed-point iteration solves the system: each iteration reaches one rule deeper.

    Raises:
        ArithmeticError: The expected length of a sentence is infinite.
    """
    sums = dict(own)
    for _ in range(_MAX_ITERATIONS):
        before = sums
        sums = {
            symbol: own[symbol]
            + sum(
                rule.probability * sum(before.get(part, 0.0) for part in rule.parts)
                for rule in rules
            )
            for symbol, rules in grammar.items()
        }
        if all(math.isclose(sums[symbol], before[symbol], rel_tol=1e-15) for symbol in sums):
            return sums
    raise ArithmeticError("the expected length of a sentence of this grammar is infinite")
