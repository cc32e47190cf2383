import random

import pytest

from seqlm.configuration.data_config import DataConfig
from seqlm.data.corpus import Corpus
from seqlm.data.prepared_text import PreparedText, prepare_corpus


def _prepared(text: str, mode: str) -> PreparedText:
    corpus = Corpus("test", None, text, mode, len(text), "0" * 64, 0)  # type: ignore[arg-type]
    return prepare_corpus(corpus, DataConfig())


@pytest.fixture(scope="session")
def names() -> PreparedText:
    """Return 120 short made-up names, split 80/10/10."""
    rng = random.Random(0)
    syllables = ["an", "bel", "co", "da", "el", "fi", "ga", "lo", "mi", "ra"]
    items = ["".join(rng.choices(syllables, k=rng.randint(1, 3))) for _ in range(400)]
    return _prepared("\n".join(list(dict.fromkeys(items))[:120]), "lines")


@pytest.fixture(scope="session")
def stream() -> PreparedText:
    """Return a stream of 2,000 characters."""
    rng = random.Random(1)
    words = ["for", "i", "in", "range", "n", "return", "x", "def", "while"]
    return _prepared(" ".join(rng.choices(words, k=600))[:2000], "stream")
