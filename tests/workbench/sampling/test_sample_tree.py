import math
from array import array
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seqlm.configuration.run_config import SampleConfig
from seqlm.generation import sampler
from workbench.sampling.branches import MAX_BRANCHES, Branch, first_divergent_index, tree_rows
from workbench.sampling.prediction import Prediction
from workbench.sampling.sample_tree import SampleTree

TOKENS = ("a", "b", "[/", "\x1b", "∎")


def prediction(weights: list[float], request_id: str = "q") -> Prediction:
    total = sum(weights)
    ids = array("i", sorted(range(len(TOKENS)), key=lambda i: -weights[i]))
    ranked = array("d", (weights[i] / total for i in ids))
    return Prediction(request_id, TOKENS, ids, ranked, sampler.entropy(ranked), step=7)


predictions = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(prediction)
samplings = st.builds(
    SampleConfig,
    temperature=st.floats(0.1, 5),
    top_k=st.none() | st.integers(1, 5),
    seed=st.integers(0, 99),
)
Step = Callable[[SampleTree], SampleTree]
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda p, s: lambda c: c.sample(p, s), predictions, samplings),
    st.builds(lambda p, i: lambda c: c.pick(p, i), predictions, st.integers(0, 4)),
    st.builds(lambda s: lambda c: c.resample(s), samplings),
    st.builds(lambda t: lambda c: c.start(tuple(t)), st.lists(st.sampled_from("ab"), max_size=3)),
    st.sampled_from([SampleTree.back, SampleTree.forward]),
    st.sampled_from([SampleTree.undo, SampleTree.redo]),
    st.sampled_from([SampleTree.fork, SampleTree.delete_branch, SampleTree.toggle_keep]),
    st.builds(lambda b, p: lambda c: c.go_to(b, p), st.integers(-1, 9), st.integers(-1, 9)),
)


def made(moves: list[Step]) -> SampleTree:
    text = SampleTree()
    for move in moves:
        text = move(text)
    return text


texts = st.lists(steps, max_size=25).map(made)


@given(texts)
def test_back_then_forward_returns_to_the_same_place(text: SampleTree) -> None:
    if text.cursor > 0:
        assert text.back().forward() == text


@given(texts)
def test_undo_and_redo_are_inverse(text: SampleTree) -> None:
    if text.history.past:
        assert text.undo().redo() == text
    if text.history.future:
        assert text.redo().undo() == text


@given(texts, predictions, samplings)
def test_undo_restores_the_state_before_a_change(
    text: SampleTree, prediction: Prediction, sampling: SampleConfig
) -> None:
    changes = (
        text.sample(prediction, sampling),
        text.pick(prediction, 2),
        text.start(("b",)),
        text.fork(),
        text.toggle_keep(),
    )
    for changed in changes:
        assert changed.undo().state == text.state


@given(st.lists(steps, max_size=25))
def test_no_text_is_lost(moves: list[Step]) -> None:
    text, seen = SampleTree(), set()
    for move in moves:
        seen |= {(text.prompt, branch.sampled) for branch in text.branches}
        text = move(text)
    states = (*text.history.past, text.state, *text.history.future)
    kept = {(state.prompt, branch.sampled) for state in states for branch in state.branches}
    assert seen <= kept


@given(texts)
def test_the_cursor_stays_in_the_text(text: SampleTree) -> None:
    assert 0 <= text.cursor <= len(text.sampled)
    assert 0 <= text.state.current < len(text.branches) <= MAX_BRANCHES
    assert text.tokens_before[: len(text.prompt)] == text.prompt
    assert len(text.tokens_before) == len(text.prompt) + text.cursor


@given(texts)
def test_surprisal_is_minus_ln_p_of_the_model(text: SampleTree) -> None:
    for drawn in text.sampled:
        model = drawn.prediction
        assert drawn.probability == model.probability_of(drawn.token)
        assert drawn.surprisal == pytest.approx(-math.log(drawn.probability))
        assert drawn.entropy_nats == drawn.prediction.entropy_nats


@given(predictions, samplings)
def test_sample_is_fixed_by_seed_series_and_place(
    prediction: Prediction, sampling: SampleConfig
) -> None:
    drawn = SampleTree().sample(prediction, sampling).sampled[0]
    assert drawn.u == sampler.uniform_random(sampling.seed, 0, 0)
    options = prediction.candidates(sampling)
    assert drawn.token == prediction.token(sampler.sample_token(options, drawn.u))
    later = replace(prediction, request_id="other", step=9)
    assert SampleTree().sample(later, sampling).sampled[0].u == drawn.u


def test_resampling_uses_the_next_series() -> None:
    even = prediction([1, 1, 1, 1, 1])
    text = SampleTree().sample(even, SampleConfig())
    again = text.resample(SampleConfig()).resample(SampleConfig())
    assert [text.sampled[0].series, again.sampled[0].series] == [0, 2]
    assert again.sampled[0].u == sampler.uniform_random(0, 2, 0)


def text_of(branch: Branch) -> str:
    return "".join(token.token for token in branch.sampled)


EVEN = prediction([5, 4, 3, 2, 1])


def written(words: str) -> SampleTree:
    """Return a tree from a text like ``ab/a[``: two branches, the second diverges at place 1."""
    text = SampleTree()
    for word in words.split("/"):
        text = text.go_to(text.state.current, 0)
        for place, letter in enumerate(word):
            text = text.pick(EVEN, "ab[".index(letter))
            text = text.go_to(text.state.current, place + 1)
    return text


def test_another_token_starts_a_branch() -> None:
    text = SampleTree().start(("a",)).pick(EVEN, 0).forward().pick(EVEN, 1).back()
    branch = text.pick(EVEN, 2)
    assert [text_of(b) for b in branch.branches] == ["ab", "[/"]
    assert branch.sampled[0].u is None
    assert [d.token for d in branch.undo().sampled] == ["a", "b"]
    assert [d.token for d in branch.go_to(0, 0).sampled] == ["a", "b"]


def test_known_token_leads_to_its_branch() -> None:
    text = written("aab/abb").go_to(0, 1)
    assert text.pick(EVEN, 1).state.current == 1
    assert text.pick(EVEN, 0).sampled == text.sampled
    assert len(text.pick(EVEN, 1).branches) == 2
    other_weights = replace(EVEN, step=8)
    assert len(text.pick(other_weights, 1).branches) == 3


def test_resampling_the_same_token_keeps_later_tokens() -> None:
    sure = prediction([1000, 0.01, 0.01, 0.01, 0.01])
    text = SampleTree().pick(sure, 0).forward().pick(EVEN, 1).back()
    again = text.resample(SampleConfig())
    assert text_of(again.branch) == "ab"
    assert again.sampled[0].u is not None
    assert len(again.branches) == 1


def test_fork_samples_with_its_own_random_numbers() -> None:
    text = SampleTree()
    for _ in range(6):
        text = text.sample(EVEN, SampleConfig()).forward()
    fork = text.go_to(0, 2).fork()
    assert (fork.cursor, len(fork.sampled), fork.branch.letter) == (2, 2, "B")
    drawn = fork.sample(EVEN, SampleConfig())
    assert drawn.sampled[2].u == sampler.uniform_random(0, 1, 2)
    assert drawn.branches[0] == text.branches[0]


def test_fork_that_samples_a_known_token_joins_its_branch() -> None:
    text = written("ab").go_to(0, 1).fork()
    assert [text_of(b) for b in text.branches] == ["ab", "a"]
    joined = text.pick(EVEN, 1)
    assert [text_of(b) for b in joined.branches] == ["ab"]
    assert joined.cursor == 1


def test_undo_restores_a_deleted_branch() -> None:
    text = written("ab/aa/b")
    dropped = text.go_to(1, 0).delete_branch()
    assert [text_of(b) for b in dropped.branches] == ["ab", "b"]
    assert [b.letter for b in dropped.branches] == ["A", "C"]
    assert [text_of(b) for b in dropped.undo().branches] == ["ab", "aa", "b"]
    assert [text_of(b) for b in dropped.delete_branch().delete_branch().branches] == [""]


def test_kept_branches_stay_when_a_new_text_starts() -> None:
    text = written("ab/b").go_to(0, 1).toggle_keep()
    anew = text.start(text.prompt)
    assert [text_of(b) for b in anew.branches] == ["ab", ""]
    assert anew.sampled == ()
    assert [text_of(b) for b in text.toggle_keep().start(text.prompt).branches] == [""]
    assert [text_of(b) for b in text.start(("b",)).branches] == [""]


def test_number_of_branches_is_limited_and_kept_ones_stay() -> None:
    text = written("ab").toggle_keep()
    for _ in range(MAX_BRANCHES + 5):
        text = text.fork()
    assert len(text.branches) == MAX_BRANCHES
    assert text.branches[0].is_kept
    assert text.branch.letter == "DB"


def tree_text(text: SampleTree) -> list[str]:
    """Return the rows of the tree with each token after its sign."""
    rows = []
    for row in tree_rows(text.branches):
        branch = text.branches[row.index]
        cells = [f"{row.signs.get(p, '-' if p >= row.first_place else ' ')}" for p in range(6)]
        marks = [d.token if p >= row.first_place else " " for p, d in enumerate(branch.sampled)]
        marks += [" "] * (6 - len(marks))
        rows.append("".join(c + m for c, m in zip(cells, marks, strict=True)).rstrip(" -"))
    return rows


def test_tree_rows_of_two_examples() -> None:
    forked = written("abaa/abba").go_to(0, 3).fork()
    assert tree_text(forked) == ["-a-b┬a┬a", "    │ └", "    └b-a"]
    assert tree_text(written("ab/aa/b")) == ["┬a┬b", "│ └a", "└b"]


@given(texts)
def test_every_branch_has_a_row_and_every_token_a_place(text: SampleTree) -> None:
    rows = tree_rows(text.branches)
    assert sorted(row.index for row in rows) == list(range(len(text.branches)))
    above: dict[int, str] = {}
    for row in rows:
        drawn = text.branches[row.index].sampled
        # Tokens that a row leaves out are in a row above, at the same place.
        assert all(above[p] == drawn[p].token for p in range(row.first_place))
        above |= {p: token.token for p, token in enumerate(drawn) if p >= row.first_place}
        assert 0 <= first_divergent_index(text.branches, row.index) <= len(drawn)


def test_no_token_follows_the_end_token() -> None:
    even = prediction([1, 1, 1, 1, 9])
    ended = SampleTree().pick(even, 0)
    assert ended.has_ended
    assert ended.forward() == ended


def test_token_with_probability_0_has_infinite_surprisal() -> None:
    sure = Prediction("q", ("a", "b"), array("i", [0, 1]), array("d", [1.0, 0.0]), 0.0)
    assert SampleTree().pick(sure, 1).sampled[0].surprisal == math.inf
    assert SampleTree().sample(sure, SampleConfig()).sampled[0].surprisal == 0
