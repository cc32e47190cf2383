from pathlib import Path
from typing import Any, cast

import pytest

from seqlm.config import DataConfig, SampleConfig
from seqlm.data.prepare import PreparedText, prepare
from seqlm.data.split import SPLITS
from seqlm.errors import RequestError
from seqlm.generation.generator import Draw
from seqlm.protocol.queries import Score
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


def test_what_no_answer_can_carry_is_refused_by_name(
    text: PreparedText, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.check_draws(SampleConfig(), count=10_000, length=400)
    with pytest.raises(RequestError, match="length=401 is not possible; taken: 1 to 400 tokens"):
        answers.check_draws(SampleConfig(), count=10_000, length=401)
    monkeypatch.setattr(answers, "_MAX_TOKENS", 3)
    subject: Any = answers.Subject(cast("Any", None), 0, text, cast("Any", None))
    with pytest.raises(RequestError, match="the text has 4 tokens; at most 3 are scored at once"):
        next(answers.answer(Score(id="s", text=text.items["train"][0][:2]), subject))
