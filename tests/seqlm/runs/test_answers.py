from pathlib import Path

import pytest

from seqlm.config import DataConfig
from seqlm.data.prepare import PreparedText, prepare
from seqlm.data.split import SPLITS
from seqlm.generation.generator import Draw
from seqlm.runs import answers
from seqlm.runs.answers import describe_draws


@pytest.fixture
def text(corpus: Path) -> PreparedText:
    return prepare(DataConfig(corpus=str(corpus)))


def drawn(text: PreparedText, item: str, *, ended: bool = True) -> Draw:
    ids = text.tokenizer.encode(item)
    assert text.tokenizer.end_id is not None
    ids += [text.tokenizer.end_id] * ended
    return Draw(ids, [1.0] * len(ids))


def test_only_an_item_that_ended_is_looked_up(text: PreparedText) -> None:
    known = {split: text.items[split][-1] for split in SPLITS}
    draws = [drawn(text, item) for item in (*known.values(), "aaa")]
    draws.append(drawn(text, known["train"], ended=False))
    *_, samples = describe_draws(draws, [], text)
    assert [sample.seen_in for sample in samples] == ["train", "val", "test", None, None]
    assert [sample.text for sample in samples[:3]] == list(known.values())
    prompt = text.tokenizer.encode(known["val"][:1])
    *_, [sample] = describe_draws([drawn(text, known["val"][1:])], prompt, text)
    assert (sample.text, sample.seen_in) == (known["val"], "val")


def test_items_are_looked_for_in_short_pieces(
    text: PreparedText, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_ITEMS_PER_PIECE", 7)
    draws = [drawn(text, item) for item in text.items["test"]]
    pieces = list(describe_draws(draws, [], text))
    n_items = sum(len(text.items[split]) for split in SPLITS)
    assert len(pieces) >= len(draws) + n_items // 7
    assert {sample.seen_in for sample in pieces[-1]} == {"test"}
