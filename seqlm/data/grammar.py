"""A small grammar of English-like sentences, and a text drawn from it.

Each rule has a probability, so each sentence has one too, and how far a model is from perfect can be
told exactly: :mod:`seqlm.data.grammar_entropy`. Subject and verb agree in number, whatever stands
between them: ``the gulls near the lighthouse that the sailor sees sleep``.
"""

import random
from collections.abc import Mapping
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
N_CHARACTERS = 400_000  # of the text, and at most one sentence more
_SEED = 0


class Rule(Struct, frozen=True):
    """One way to write a symbol out: with this probability it becomes these symbols or words."""

    probability: float
    parts: tuple[str, ...]


Grammar: TypeAlias = Mapping[str, tuple[Rule, ...]]
"""The rules of each symbol; what has no rules is a word."""


def read_rules(text: str) -> Grammar:
    """The grammar of lines ``SYMBOL PROBABILITY PART... | PROBABILITY PART...``.

    Raises:
        RequestError: The probabilities of a symbol do not add up to 1.
    """
    grammar: dict[str, tuple[Rule, ...]] = {}
    for line in text.strip().splitlines():
        symbol, _, ways = line.partition(" ")
        grammar[symbol] = tuple(_rule(way.split()) for way in ways.split("|"))
        total = sum(rule.probability for rule in grammar[symbol])
        if abs(total - 1) > 1e-9:
            raise errors.RequestError(f"the rules of {symbol} add up to {total:g}, not to 1", total)
    return grammar


def _rule(words: list[str]) -> Rule:
    return Rule(float(words[0]), tuple(words[1:]))


@cache
def english() -> Grammar:
    """The grammar of the corpus ``grammar``."""
    return read_rules(_RULES)


def sample_sentence(grammar: Grammar, generator: random.Random) -> tuple[list[str], list[float]]:
    """One sentence as words, and the probability of each rule that was chosen for it."""
    words: list[str] = []
    chosen: list[float] = []
    waiting = [START]  # the next symbol last
    while waiting:
        symbol = waiting.pop()
        if symbol in grammar:
            rule = _pick(grammar[symbol], generator.random())
            chosen.append(rule.probability)
            waiting += reversed(rule.parts)
        else:
            words.append(symbol)
    return words, chosen


def _pick(rules: tuple[Rule, ...], u: float) -> Rule:
    for rule in rules:
        u -= rule.probability
        if u < 0:
            return rule
    return rules[-1]  # rounding alone leads here


@cache
def grammar_text() -> bytes:
    """Sentences drawn from the grammar, a line feed after each; the same ones every time."""
    grammar, generator = english(), random.Random(_SEED)
    lines: list[str] = []
    n_characters = 0
    while n_characters < N_CHARACTERS:
        lines.append(" ".join(sample_sentence(grammar, generator)[0]))
        n_characters += len(lines[-1]) + 1
    return "".join(f"{line}\n" for line in lines).encode()
