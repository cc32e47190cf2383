import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seqlm.config import SampleConfig
from seqlm.generation import sampler
from workbench.continuation import Continuation, Prediction

TOKENS = ("a", "b", "[/", "\x1b", "∎")


def prediction(weights: list[float], request_id: str = "q") -> Prediction:
    total = sum(weights)
    ranked = sorted(zip(TOKENS, (w / total for w in weights), strict=True), key=lambda c: -c[1])
    return Prediction(request_id, tuple(ranked), sampler.entropy([p for _, p in ranked]), step=7)


predictions = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(prediction)
samplings = st.builds(
    SampleConfig,
    temperature=st.floats(0.1, 5),
    top_k=st.none() | st.integers(1, 5),
    seed=st.integers(0, 99),
)
Step = Callable[[Continuation], Continuation]
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda p, s: lambda c: c.draw(p, s), predictions, samplings),
    st.builds(lambda p, i: lambda c: c.pick(p, i), predictions, st.integers(0, 4)),
    st.builds(lambda s: lambda c: c.redraw(s), samplings),
    st.builds(lambda t: lambda c: c.begin(tuple(t)), st.lists(st.sampled_from("ab"), max_size=3)),
    st.sampled_from([Continuation.back, Continuation.forward]),
    st.sampled_from([Continuation.undo, Continuation.redo]),
)


def made(moves: list[Step]) -> Continuation:
    text = Continuation()
    for move in moves:
        text = move(text)
    return text


texts = st.lists(steps, max_size=25).map(made)


@given(texts)
def test_back_then_forward_is_where_it_was(text: Continuation) -> None:
    if text.cursor > 0:
        assert text.back().forward() == text


@given(texts)
def test_undo_and_redo_undo_each_other(text: Continuation) -> None:
    if text.past:
        assert text.undo().redo() == text
    if text.future:
        assert text.redo().undo() == text


@given(texts, predictions, samplings)
def test_a_change_is_taken_back_whole(
    text: Continuation, prediction: Prediction, sampling: SampleConfig
) -> None:
    changes = (text.draw(prediction, sampling), text.pick(prediction, 2), text.begin(("b",)))
    for changed in changes:
        assert changed.undo().now == text.now


@given(st.lists(steps, max_size=25))
def test_no_text_is_ever_lost(moves: list[Step]) -> None:
    text, seen = Continuation(), set()
    for move in moves:
        seen.add((text.prompt, text.drawn))
        text = move(text)
    kept = {(state.prompt, state.drawn) for state in (*text.past, text.now, *text.future)}
    assert seen <= kept


@given(texts)
def test_the_cursor_stays_in_the_text(text: Continuation) -> None:
    assert 0 <= text.cursor <= len(text.drawn)
    assert text.tokens_before[: len(text.prompt)] == text.prompt
    assert len(text.tokens_before) == len(text.prompt) + text.cursor


@given(texts)
def test_surprisal_is_minus_ln_p_of_the_model(text: Continuation) -> None:
    for drawn in text.drawn:
        model = dict(drawn.prediction.candidates)
        assert drawn.probability == model[drawn.token]
        assert drawn.surprisal == pytest.approx(-math.log(model[drawn.token]))
        assert drawn.entropy_nats == drawn.prediction.entropy_nats


@given(predictions, samplings)
def test_a_draw_is_fixed_by_seed_sample_and_place(
    prediction: Prediction, sampling: SampleConfig
) -> None:
    drawn = Continuation().draw(prediction, sampling).drawn[0]
    assert drawn.u == sampler.uniform(sampling.seed, 0, 0)
    options = prediction.sampled(sampling)
    assert drawn.token == prediction.candidates[sampler.choose(options, drawn.u)][0]
    later = replace(prediction, request_id="other", step=9)
    assert Continuation().draw(later, sampling).drawn[0].u == drawn.u


def test_a_new_draw_takes_the_next_number() -> None:
    even = prediction([1, 1, 1, 1, 1])
    text = Continuation().draw(even, SampleConfig())
    again = text.redraw(SampleConfig()).redraw(SampleConfig())
    assert [text.drawn[0].sample, again.drawn[0].sample] == [0, 2]
    assert again.drawn[0].u == sampler.uniform(0, 2, 0)


def test_a_branch_makes_room_and_undo_brings_back_what_stood_there() -> None:
    even = prediction([5, 4, 3, 2, 1])
    text = Continuation().begin(("a",)).pick(even, 0).forward().pick(even, 1).back()
    branch = text.pick(even, 2)
    assert [d.token for d in branch.drawn] == ["[/"]
    assert branch.drawn[0].u is None
    assert [d.token for d in branch.undo().drawn] == ["a", "b"]


def test_nothing_comes_after_the_end() -> None:
    even = prediction([1, 1, 1, 1, 9])
    ended = Continuation().pick(even, 0)
    assert ended.has_ended
    assert ended.forward() == ended


def test_a_token_without_probability_is_a_surprise_without_end() -> None:
    sure = Prediction("q", (("a", 1.0), ("b", 0.0)), 0.0)
    assert Continuation().pick(sure, 1).drawn[0].surprisal == math.inf
    assert Continuation().draw(sure, SampleConfig()).drawn[0].surprisal == 0
