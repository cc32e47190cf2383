"""Queries for the views inside a model, for every family and every view."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from msgspec import to_builtins
from test_model_snapshots import make_snapshots

from seqlm.cli import inspect as cli_inspect
from seqlm.configuration.model_configs import FAMILIES
from seqlm.errors import RequestError
from seqlm.insight.forward_pass import activation_sizes
from seqlm.insight.registry import VIEWS
from seqlm.protocol import codec
from seqlm.protocol.queries import Answer, Inspect, InspectAnswer, NextToken, Score
from seqlm.protocol.view_results import RESULT_TYPES
from seqlm.worker import inspect_handler
from seqlm.worker.inspect_handler import ablate, handle_inspect, reference_texts
from seqlm.worker.model_snapshots import ModelSnapshot
from seqlm.worker.query_handlers import answer_query

SMALL = {
    "hidden": 12, "embedding": 6, "width": 8, "heads": 2, "layers": 2, "max_tokens": 16, "order": 3,
}  # fmt: skip


def snapshot_of(family: str, small: Callable[..., str], path: Path) -> ModelSnapshot:
    fields = FAMILIES[family].__struct_fields__
    sizes = [f"model.{key}={value}" for key, value in SMALL.items() if key in fields]
    words = [f"model.kind={family}", *sizes]
    found: ModelSnapshot = make_snapshots(small(*words), path / "run" / "c")[0].find("latest", None)
    return found


def inspect(snapshot: ModelSnapshot, **fields: Any) -> InspectAnswer:
    answers = [a for a in handle_inspect(Inspect(id="1", **fields), snapshot) if a is not None]
    (answer,) = answers
    assert isinstance(answer, InspectAnswer)
    return answer


def test_a_slow_view_is_answered_in_parts_only_on_request(
    small: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_handler, "_PARTIAL_AFTER_S", 0.0)
    monkeypatch.setattr(inspect_handler, "_PARTIAL_EVERY_S", 0.0)
    snapshot = snapshot_of("lstm", small, tmp_path)
    whole = inspect(snapshot, view="reach")
    query = Inspect(id="1", view="reach", with_partial=True)
    sizes, answer = [], whole
    for found in handle_inspect(query, snapshot):
        if isinstance(found, InspectAnswer):
            answer = found
            sizes.append((len(answer.result), answer.is_partial))
    n = len(whole.result)
    assert to_builtins(answer) == to_builtins(whole)
    assert sizes == [*((size, True) for size in range(2, n + 1)), (n, False)]
    single = Inspect(id="1", view="network", with_partial=True)
    assert len([a for a in handle_inspect(single, snapshot) if a is not None]) == 1


@pytest.fixture
def small(corpus: Path) -> Callable[..., str]:
    return lambda *words: " ".join(["names-lstm", f"data.corpus={corpus}", *words])


@pytest.mark.parametrize("family", FAMILIES)
def test_every_view_of_every_family_answers_or_names_the_views_it_has(
    family: str, small: Callable[..., str], tmp_path: Path
) -> None:
    snapshot = snapshot_of(family, small, tmp_path)
    before = {name: part.clone() for name, part in snapshot.model.state_dict().items()}
    for name, view in VIEWS.items():
        if not view.is_available(snapshot.model):
            with pytest.raises(RequestError, match=f"no view {name}; one of: network, surprisal"):
                inspect(snapshot, view=name)
            continue
        answer = inspect(snapshot, view=name, text="anco")
        assert answer.tokens == ["∎", *"anco"]
        line = codec.encode(answer)
        decoded = codec.decode(line, codec.decoder(Answer))
        assert decoded.result == json.loads(json.dumps(to_builtins(answer.result)))
    after = snapshot.model.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_the_command_names_and_prints_every_view() -> None:
    assert set(cli_inspect._PRINTERS) == set(VIEWS)
    assert list(RESULT_TYPES) == list(VIEWS)


@pytest.mark.parametrize("family", ["elman", "lstm", "transformer"])
def test_an_ablation_changes_every_answer_alike(
    family: str, small: Callable[..., str], tmp_path: Path
) -> None:
    snapshot = snapshot_of(family, small, tmp_path)
    without = ["layer.0.hidden.3", "layer.0.hidden.5=mean"]
    answer = inspect(snapshot, view="surprisal", text="anco", without=without)
    assert answer.without == without
    assert answer.loss != answer.full_loss
    cut = ablate(snapshot, without)
    (scored,) = [a for a in answer_query(Score(id="1", text="anco"), cut) if a is not None]
    assert scored.loss == pytest.approx(answer.loss, abs=1e-5)  # type: ignore[union-attr]
    assert [token.surprisal for token in answer.result] == pytest.approx(
        scored.surprisal,
        abs=1e-5,  # type: ignore[union-attr]
    )
    whole = [a for a in answer_query(Score(id="1", text="anco"), snapshot) if a is not None]
    assert whole[0].loss == pytest.approx(answer.full_loss, abs=1e-5)  # type: ignore[union-attr]


def test_the_default_text_is_the_first_validation_line(
    small: Callable[..., str], tmp_path: Path
) -> None:
    snapshot = snapshot_of("lstm", small, tmp_path)
    assert "".join(inspect(snapshot, view="network").tokens[1:]) == snapshot.text.items["val"][0]


def test_the_reference_is_a_bounded_sample_of_validation_lines(
    small: Callable[..., str], tmp_path: Path
) -> None:
    snapshot = snapshot_of("transformer", small, tmp_path)
    texts = reference_texts(snapshot)
    lines = [snapshot.text.sequence(item) for item in snapshot.text.items["val"]]
    assert texts == [line[:16] for line in lines][:100]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"view": "neurons"}, "'neurons' is not a view; one of: network, surprisal"),
        ({"view": "network", "position": 5}, "position 5 is not in the text; allowed: 0 to 4"),
        ({"view": "network", "text": "a" * 2000}, "the text has 2,001 tokens; allowed: 1 to 1,000"),
        ({"view": "network", "text": "a€"}, "is not in this vocabulary"),
        ({"view": "state", "part": "layer.9.cell"}, "'layer.9.cell' is not an activation; one of"),
        ({"view": "weights", "part": "output"}, "'output' is not a parameter of this model"),
        ({"view": "network", "without": ["layer.0.hidden.12"]}, "no unit 12; allowed: 0 to 11"),
        (
            {"view": "network", "without": ["layer.0.head.0.pattern=mean"]},
            "layer.0.head.0.pattern has no mean",
        ),
        ({"view": "network", "without": ["hidden"]}, "'hidden' is not an activation of this model"),
    ],
)
def test_an_invalid_request_is_rejected_with_what_is_allowed(
    fields: dict[str, Any], message: str, small: Callable[..., str], tmp_path: Path
) -> None:
    snapshot = snapshot_of("lstm", small, tmp_path)
    with pytest.raises(RequestError, match=message):
        inspect(snapshot, **{"text": "anco", **fields})


def test_a_prediction_without_the_whole_hidden_layer_ignores_the_prompt(
    small: Callable[..., str], tmp_path: Path
) -> None:
    cut = ablate(snapshot_of("lstm", small, tmp_path), ["layer.1.hidden"])
    answers = [
        answer
        for prompt in ("an", "coco")
        for answer in answer_query(NextToken(id="1", text=prompt), cut)
        if answer is not None
    ]
    assert answers[0].probabilities == answers[1].probabilities  # type: ignore[union-attr]
    assert math.fsum(answers[0].probabilities) == pytest.approx(1)  # type: ignore[union-attr]


def test_every_named_activation_can_be_ablated(small: Callable[..., str], tmp_path: Path) -> None:
    snapshot = snapshot_of("transformer", small, tmp_path)
    for name in activation_sizes(snapshot.model):
        assert inspect(snapshot, view="surprisal", text="anco", without=[name]).loss is not None
