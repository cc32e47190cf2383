from pathlib import Path
from typing import Any, cast

import pytest

from seqlm.configuration.data_config import DataConfig
from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError
from seqlm.protocol.queries import Score
from seqlm.worker import query_handlers
from seqlm.worker.model_snapshots import ModelSnapshot


def test_a_text_too_long_to_score_is_rejected_with_the_bound(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_handlers, "_MAX_SCORED", 3)
    text = prepare(DataConfig(corpus=str(corpus)))
    snapshot = ModelSnapshot(cast("Any", None), 0, text, cast("Any", None))
    with pytest.raises(RequestError, match="the text has 4 tokens; at most 3 are scored at once"):
        next(query_handlers.answer_query(Score(id="s", text=text.items["train"][0][:2]), snapshot))
