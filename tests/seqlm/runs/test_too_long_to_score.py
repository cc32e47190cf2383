from pathlib import Path
from typing import Any, cast

import pytest

from seqlm.config import DataConfig
from seqlm.data.prepare import prepare
from seqlm.errors import RequestError
from seqlm.protocol.queries import Score
from seqlm.runs import answers


def test_a_text_that_no_answer_can_carry_is_refused_with_the_bound(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_MAX_SCORED", 3)
    text = prepare(DataConfig(corpus=str(corpus)))
    subject = answers.Subject(cast("Any", None), 0, text, cast("Any", None))
    with pytest.raises(RequestError, match="the text has 4 tokens; at most 3 are scored at once"):
        next(answers.answer(Score(id="s", text=text.items["train"][0][:2]), subject))
