import hashlib
import math
import random
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from seqlm.configuration.data_config import DataConfig
from seqlm.data.baselines import perfect_loss
from seqlm.data.grammar import (
    MIN_CHARACTERS,
    START,
    Grammar,
    english_grammar,
    exact_entropy,
    expected_length,
    grammar_text,
    parse_grammar,
    sample_sentence,
    sentence_entropy,
)
from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError

ANBN = parse_grammar("S .75 a S b | .25 c")  # a^n c b^n: n is geometric


def parses(grammar: Grammar, words: tuple[str, ...], start: str = START) -> tuple[int, float]:
    """Return the number of derivations of the words and the sum of their probabilities.

    The parser tries every division of the words and shares no code with the sampler.
    """

    @cache
    def of_symbol(symbol: str, begin: int, end: int) -> tuple[int, float]:
        if symbol not in grammar:
            return (1, 1.0) if words[begin:end] == (symbol,) else (0, 0.0)
        found = [(of_parts(rule.parts, begin, end), rule.probability) for rule in grammar[symbol]]
        return sum(n for (n, _), _ in found), sum(p * share for (_, p), share in found)

    @cache
    def of_parts(parts: tuple[str, ...], begin: int, end: int) -> tuple[int, float]:
        if len(parts) == 1:
            return of_symbol(parts[0], begin, end)
        n, p = 0, 0.0
        for middle in range(begin + 1, end - len(parts) + 2):
            n_first, p_first = of_symbol(parts[0], begin, middle)
            if n_first:
                n_rest, p_rest = of_parts(parts[1:], middle, end)
                n, p = n + n_first * n_rest, p + p_first * p_rest
        return n, p

    return of_symbol(start, 0, len(words))


def sentences(n: int, seed: int = 1) -> list[tuple[tuple[str, ...], float]]:
    """Sample sentences with -ln of their probability."""
    generator = random.Random(seed)
    drawn = (sample_sentence(english_grammar(), generator) for _ in range(n))
    return [(tuple(words), -sum(map(math.log, chosen))) for words, chosen in drawn]


def shapes(depth: int) -> list[tuple[str, ...]]:
    """Return every sentence at most ``depth`` rules deep, with one word for each word class."""
    grammar = english_grammar()

    def below(symbol: str, depth: int) -> Iterator[tuple[str, ...]]:
        rules = grammar.get(symbol)
        if rules is None:
            yield (symbol,)
        elif depth:
            is_kind = all(len(r.parts) == 1 and r.parts[0] not in grammar for r in rules)
            for rule in rules[:1] if is_kind else rules:
                yield from joined(rule.parts, depth - 1)

    def joined(parts: tuple[str, ...], depth: int) -> Iterator[tuple[str, ...]]:
        if not parts:
            yield ()
            return
        rests = list(joined(parts[1:], depth))
        for first in below(parts[0], depth):
            yield from (first + rest for rest in rests)

    return list(below(START, depth))


def test_each_sentence_has_one_derivation() -> None:
    made = Counter(shapes(6))
    assert len(made) > 10_000
    assert set(made.values()) == {1}
    for words, nats in sentences(150):
        n, p = parses(english_grammar(), words)
        assert n == 1
        assert -math.log(p) == pytest.approx(nats)


def test_sentence_ends_are_determined_by_the_words() -> None:
    text = {**english_grammar(), **parse_grammar("Text .5 S | .5 S Text")}
    drawn = [words for words, _ in sentences(60, seed=2) if len(words) <= 15]
    for first, second in pairwise(drawn):
        assert parses(text, first + second, "Text")[0] == 1


def test_word_classes_are_disjoint() -> None:
    kinds = {
        symbol: [rule.parts[0] for rule in rules]
        for symbol, rules in english_grammar().items()
        if all(rule.parts[0] not in english_grammar() for rule in rules)
    }
    words = [word for symbol, kind in kinds.items() if symbol[:2] != "RC" for word in kind]
    assert {word for word, n in Counter(words).items() if n > 1} == {"the"}
    assert 40 <= len({*words, "that"}) <= 80


def test_entropy_equals_the_mean_surprisal_of_sentences() -> None:
    found = sentences(20_000, seed=3)
    for name, length in (("char", lambda word: len(word) + 1), ("word", lambda word: 1)):
        exact = exact_entropy("grammar", name)
        assert exact is not None
        # Of a ratio of means: what each sentence costs more than its length makes expected.
        lengths = np.array([sum(map(length, words)) for words, _ in found])
        nats = np.array([cost for _, cost in found])
        error = (nats - exact * lengths).std() / lengths.mean() / math.sqrt(len(found))
        assert abs(nats.mean() / lengths.mean() - exact) < 4 * error
        assert error < 0.01 * exact


def test_entropy_solves_the_linear_system() -> None:
    for grammar in (english_grammar(), ANBN):
        symbols = list(grammar)
        leads_to = np.zeros((len(symbols), len(symbols)))
        own = np.zeros(len(symbols))
        for row, symbol in enumerate(symbols):
            for rule in grammar[symbol]:
                own[row] -= rule.probability * math.log(rule.probability)
                for part in rule.parts:
                    if part in grammar:
                        leads_to[row, symbols.index(part)] += rule.probability
        solved = np.linalg.solve(np.eye(len(symbols)) - leads_to, own)
        assert sentence_entropy(grammar) == pytest.approx(solved[symbols.index(START)], rel=1e-12)


def test_the_entropy_of_a_geometric_length() -> None:
    p = 0.25
    assert sentence_entropy(ANBN) == pytest.approx(
        (-p * math.log(p) - (1 - p) * math.log(1 - p)) / p
    )
    assert expected_length(ANBN, lambda word: 1) == pytest.approx(2 * (1 - p) / p + 1)


@pytest.mark.parametrize(("max_words", "is_known"), [(None, True), (64, True), (63, False)])
def test_entropy_is_unknown_if_words_are_unknown(max_words: int | None, is_known: bool) -> None:
    data = DataConfig(corpus="grammar", tokenizer="word", max_words=max_words)
    perfect = perfect_loss(prepare(data), data.tokenizer)
    assert perfect == (exact_entropy("grammar", "word") if is_known else None)


def test_only_the_grammar_has_an_exact_entropy() -> None:
    assert exact_entropy("names", "char") is None
    assert exact_entropy("grammar", "bpe") is None
    assert exact_entropy("grammar", "byte") == exact_entropy("grammar", "char")


def test_invalid_grammar_is_rejected() -> None:
    with pytest.raises(RequestError, match="rules of S sum to 0\\.9"):
        parse_grammar("S .5 a | .4 b")
    with pytest.raises(ArithmeticError, match="infinite"):
        sentence_entropy(parse_grammar("S .5 S S | .5 a"))


def test_grammar_text_is_reproducible() -> None:
    text = grammar_text()
    assert MIN_CHARACTERS <= len(text) < MIN_CHARACTERS + 500
    assert hashlib.sha256(text).hexdigest()[:16] == "6bf4c0335a9cb365"
    lines = text.decode().split("\n")
    assert lines.pop() == ""
    assert all(parses(english_grammar(), tuple(line.split(" ")))[0] == 1 for line in lines[:100])
