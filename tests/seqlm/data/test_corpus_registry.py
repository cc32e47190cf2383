import hashlib
import random
from itertools import pairwise
from pathlib import Path

import pytest

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import LstmConfig
from seqlm.data.corpus import lines_of, read_corpus
from seqlm.data.corpus_registry import CORPORA
from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError
from seqlm.paths import asset_path
from workbench.corpus.preview import make_preview

HERE = [name for name in CORPORA if name not in ("lecture-names", "shakespeare")]


@pytest.mark.parametrize("name", HERE)
def test_every_corpus_has_a_preview(name: str) -> None:
    source = CORPORA[name]
    data = DataConfig(corpus=name, split=source.split)
    preview = make_preview(data)
    assert preview.text.corpus.mode == source.mode
    assert preview.has_end == (source.mode == "lines" and source.has_end)
    assert 0 < preview.bigram < preview.uniform
    assert (preview.perfect is not None) == (name == "grammar")
    assert preview.perfect is None or preview.perfect < preview.bigram
    assert len(source.description) <= 80
    assert source.length == 0 or source.length >= 2


def test_hello_is_one_line() -> None:
    prepared = prepare(DataConfig(corpus="hello", split="100/0/0"))
    assert prepared.items["train"] == ("Hello, RNN!",)
    assert prepared.boundary == "none"
    assert prepared.n_targets("train") == len("Hello, RNN!") - 1
    with pytest.raises(RequestError, match=r"hello has 1 line; .* data\.split=100/0/0"):
        prepare(DataConfig(corpus="hello"))


@pytest.mark.parametrize(("length", "n_runs"), [(None, 123), (2, 127), (20, 109), (128, 1)])
def test_counting_contains_every_run_once(length: int | None, n_runs: int) -> None:
    lines = lines_of(read_corpus(DataConfig(corpus="counting", length=length)).text)
    runs = [list(map(int, line.split(" "))) for line in lines]
    assert len(runs) == n_runs
    assert {len(run) for run in runs} == {length or 6}
    assert all(b == a + 1 for run in runs for a, b in pairwise(run))
    assert [run[0] for run in runs] == list(range(n_runs))
    assert runs[-1][-1] == 127


@pytest.mark.parametrize(("length", "n_lines"), [(None, 20_000), (3, 20_000), (1000, 1998)])
def test_recall_lines_end_with_their_first_symbol(length: int | None, n_lines: int) -> None:
    corpus = read_corpus(DataConfig(corpus="recall", length=length))
    lines = [line.split(" ") for line in lines_of(corpus.text)]
    assert len(lines) == n_lines
    assert corpus.n_bytes <= 4_000_000
    assert {len(line) for line in lines} == {(length or 10) + 1}
    assert all(line[0] == line[-1] for line in lines)
    drawn = [symbol for line in lines[:1000] for symbol in line[:-1]]
    assert {*drawn} == {*"abcdefgh"}
    assert all(abs(drawn.count(s) / len(drawn) - 1 / 8) < 0.02 for s in "abcdefgh")


def test_recall_uses_the_documented_generator() -> None:
    draw = random.Random(0)
    first = ["abcdefgh"[int(8 * draw.random())] for _ in range(10)]
    text = read_corpus(DataConfig(corpus="recall")).text
    assert text.startswith(" ".join([*first, first[0]]) + "\n")
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "7ac7d39e63629ec0"


def test_length_is_rejected_for_corpora_without_length(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="only to counting and recall, not to names"):
        read_corpus(DataConfig(length=10))
    path = tmp_path / "notes.txt"
    path.write_text("one\ntwo\n")
    with pytest.raises(RequestError, match=r"data\.length=10 .* not to notes\.txt"):
        read_corpus(DataConfig(corpus=str(path), length=10))
    with pytest.raises(RequestError, match=r"data\.length=129 is more than counting's 128 numbers"):
        read_corpus(DataConfig(corpus="counting", length=129))


def test_last_targets_need_items() -> None:
    recall = prepare(DataConfig(corpus="recall", targets="last"))
    assert recall.n_targets("val") == len(recall.items["val"])
    names = prepare(DataConfig(targets="last"))
    assert names.boundary == "none"
    with pytest.raises(RequestError, match=r"data\.targets=last needs items, but grammar is one"):
        prepare(DataConfig(corpus="grammar", targets="last"))


def test_training_examples_of_recall_are_the_last_symbols() -> None:
    preview = make_preview(DataConfig(corpus="recall", targets="last"))
    fed = preview.fed(LstmConfig(), 0, 3)
    assert [one.next for one in fed] == [line[0] for line in preview.text.items["train"][:3]]
    assert all(one.item for one in fed)
    chance = preview.chances(0)[fed[0].n_target]
    assert chance == pytest.approx(1 / 8, abs=0.01)


def test_prose_is_long_and_has_no_repetitions() -> None:
    text = asset_path("data/prose.txt").read_bytes().decode("ascii")
    paragraphs = [part.strip() for part in text.split("\n\n")]
    assert len(text) >= 30_000
    assert len({*paragraphs}) == len(paragraphs) > 50
    sentences = text.replace("\n", " ").split(". ")
    assert len({*sentences}) == len(sentences)
    assert all(line == line.rstrip() for line in text.split("\n"))
