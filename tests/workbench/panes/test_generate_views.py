import math
from itertools import permutations
from typing import Any

import pytest
from generate_harness import SHARES, plain, prediction, sampled_view
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import END
from workbench.corpus.novelty import NoveltyResult
from workbench.panes.generate import token_strip
from workbench.panes.generate.render import GENERATE_VIEWS, generate_rows
from workbench.panes.generate.stages import stage_rows
from workbench.panes.generate.token_strip import cells
from workbench.panes.generate.tree import branch_rows, format_origin
from workbench.panes.generate.view_model import (
    VIEWS,
    GenerateView,
    StatusMessage,
    scale_temperature,
)
from workbench.sampling.branches import Branch
from workbench.sampling.guessing_game import Guess, GuessingGame, Puzzle
from workbench.sampling.sample_tree import SampleTree
from workbench.widgets.appearance import Appearance

STAGES_104 = """\
   prompt ╎ sampled
   m    a ╎  r  [ a ]
 2.71 0.44╎1.90 0.92  nats

 after mar       1 softmax        2 ÷ T 0.8   3 top-k 5    4 top-p 0.9  5 min-p 0.2  6 renormalize
 token   ln p    probability      reshaped    kept         running sum  kept         final
▸● a     -0.92   0.400  ████████  0.460       =            = 0.472      =            0.541  █████████
   n     -1.39   0.250  █████     0.255       =            = 0.734      =            0.301  █████
   r     -1.90   0.150  ███       0.135       =            = 0.873      =            0.159  ██▋
   ∎     -2.30   0.100  ██        0.081       =            = 0.956      cut          0
   i     -2.81   0.060  █▎        0.043       =            cut          ···          0
   y     -3.22   0.040  ▊         0.026       cut          ···          ···          0
 candidates      6                6           5            4            3            3
 entropy, nats   1.53             1.41        1.32         1.20         0.99         0.99

 ├──────────────────────────a───────────────────────────├──────────────n──────────────├───────r───────┤
                  ▲ u = 0.174 selected a
""".splitlines()
STAGES_76 = """\
   m    a ╎  r  [ a ]
 2.71 0.44╎1.90 0.92  nats
         1 softmax         2 ÷ T   3 top-k 4 top-p 5 min-p 6 final
 token                     0.8     5       0.9     0.2
▸● a     0.400  █████████  0.460   =       =       =       0.541  ███████
   n     0.250  █████▋     0.255   =       =       =       0.301  ███▉
   r     0.150  ███▍       0.135   =       =       =       0.159  ██
   ∎     0.100  ██▎        0.081   =       =       cut     0
   i     0.060  █▍         0.043   =       cut     ···     0
   y     0.040  ▉          0.026   cut     ···     ···     0
""".splitlines()
STAGES_36 = """\
   m    a ╎  r  [ a ]
 2.71 0.44╎1.90 0.92  nats
         model   kept      final
 token
▸● a     0.400   =         0.541
   n     0.250   =         0.301
   r     0.150   =         0.159
   ∎     0.100   cut min-p 0
 2 more  0.100             0
""".splitlines()
ALL_STAGES = SampleConfig(temperature=0.8, top_k=5, top_p=0.9, min_p=0.2, seed=7)


def stages_view(**changes: Any) -> GenerateView:
    text = SampleTree().start(("m", "a")).pick(prediction(), 2).forward()
    text = text.sample(prediction(), ALL_STAGES)
    return sampled_view(showing="stages", sampling=ALL_STAGES, text=text, **changes)


def test_stages_are_side_by_side() -> None:
    assert plain(stages_view(), 104, 17) == STAGES_104


def test_stages_at_80_and_40_columns() -> None:
    assert plain(stages_view(), 76, 10) == STAGES_76
    assert plain(stages_view(), 36, 9) == STAGES_36


def stages_with(width: int, **sampling: Any) -> list[str]:
    """Return two header rows, six candidates, and the rows below them."""
    view = sampled_view(showing="stages", sampling=SampleConfig(**sampling))
    return [row.plain for row in stage_rows(view, width, 10)]


@pytest.mark.parametrize("order", permutations(("temperature", "top-k", "top-p", "min-p")))
@pytest.mark.parametrize("width", [196, 116, 100, 76])
def test_columns_follow_the_order_of_the_stages(order: tuple[str, ...], width: int) -> None:
    rows = stages_with(width, order=",".join(order), temperature=2.5, top_k=5)
    names = [f" {n} {name.replace('temperature', '÷ T')}" for n, name in enumerate(order, 2)]
    places = {name: rows[0].index(head) + 1 for name, head in zip(order, names, strict=True)}
    assert list(places.values()) == sorted(places.values())
    first, last = rows[2], rows[7]
    is_after = order.index("temperature") > order.index("top-k")
    shares = [share**0.4 for share in [*SHARES.values()][: 5 if is_after else 6]]
    assert first[places["temperature"] :][:5] == f"{shares[0] / sum(shares):.3f}"
    assert last[places["temperature"] :][:3] == ("···" if is_after else "0.1")
    assert (first[places["top-k"]], last[places["top-k"] :][:3]) == ("=", "cut")


@pytest.mark.parametrize("width", [196, 116, 100, 76, 36])
def test_headers_never_overlap(width: int) -> None:
    rows = stages_with(width, temperature=0.0123456, top_k=10**6, top_p=0.987654, min_p=0.123456)
    words = {word for row in rows[:2] for word in row.split() if not word[0].isdigit()}
    known = "after mar token ln p softmax probability ÷ T top-k top-p min-p renormalize model"
    assert words <= {*known.split(), "reshaped", "running", "sum", "kept", "final"}
    assert rows[8].split()[0] in ("candidates", "left")


@pytest.mark.parametrize(
    ("width", "head", "cuts"),
    [
        (116, "2 T 0", "cut ··· ··· ··· 0"),
        (76, "2 T 0", "cut ··· ··· ··· 0"),
        (36, "", "cut T 0 0"),
    ],
)
def test_temperature_zero_is_a_greedy_stage(width: int, head: str, cuts: str) -> None:
    rows = stages_with(width, temperature=0, top_k=5, top_p=0.9, min_p=0.1)
    at = rows[0].index(head)
    assert rows[1][at:].startswith("greedy" if head else "")
    assert " ".join(rows[7].split()).endswith(cuts)


def test_halving_the_temperature_ends_at_greedy_and_doubling_returns() -> None:
    down = [1.0]
    while down[-1]:
        down.append(scale_temperature(down[-1], 0.5))
    assert (down[-2], len(down), scale_temperature(0, 0.5)) == (1 / 64, 8, 0)
    up = [0.0]
    while up[-1] < 1:
        up.append(scale_temperature(up[-1], 2))
    assert up == down[::-1]
    assert scale_temperature(0.001, 2) == 0.002


def test_a_greedy_token_is_not_explained_by_a_random_number() -> None:
    text = SampleTree().start(("m", "a"))
    view = sampled_view(sampling=SampleConfig(temperature=0), text=text, pending=prediction())
    shown = "\n".join(plain(view, 100, 14))
    assert "temperature 0 selects a" in shown
    assert "u =" not in shown


def test_every_stage_sums_to_one_and_names_what_it_cut() -> None:
    view = stages_view()
    for stage in view.stages:
        assert math.fsum(stage.distribution) == pytest.approx(1)
    assert view.cut_by == [None, None, None, "min-p", "top-p", "top-k"]
    rows = plain(sampled_view(sampling=ALL_STAGES, fixed_seed_samples=(), samples=None), 69, 12)
    assert [row.rpartition("cut by ")[2] for row in rows if "cut by" in row] == [
        "min-p",
        "top-p",
        "top-k",
    ]


def written(view: GenerateView, *words: str) -> SampleTree:
    """Return a tree with one branch for each word."""
    text = SampleTree().start(("m", "a"))
    for word in words:
        text = text.go_to(text.state.current, 0)
        for place, letter in enumerate(word):
            text = text.pick(prediction(), list(SHARES).index(letter))
            text = text.go_to(text.state.current, place + 1)
    return text


def tree_view(**changes: Any) -> GenerateView:
    view = sampled_view(showing="tree")
    text = written(view, f"rin{END}", f"riya{END}", "ray").go_to(1, 2).toggle_keep()
    found = {
        ("marin", True): NoveltyResult("train", 2044, "marin"),
        ("mariya", True): NoveltyResult("val", 7, "mari"),
    }
    return sampled_view(**{"showing": "tree", "text": text, "findings": found, **changes})


TREE_112 = """\
  ma ─ r ┬─ i ┬─ n ─ ∎      A  marin   in train (line 2,044)  1.92 nats/token  you chose r (0.150)
▸✓       │    └─ y ─ a ─ ∎  B  mariya  in val                 2.04             you chose y (0.040)
         └─ a ── y          C  maray                          1.84             you chose a (0.400)
""".splitlines()
TREE_58 = """\
  mar┬i┬n∎  A  in train  1.92 nats  you chose r (0.150)
▸✓   │ └ya∎ B  in val    2.04       you chose y (0.040)
     └a─y   C            1.84       you chose a (0.400)
""".splitlines()
TREE_24 = """\
  mar┬i┬n∎  A
▸✓   │ └ya∎ B
     └a─y   C
""".splitlines()


@pytest.mark.parametrize(
    ("width", "rows"), [(112, TREE_112), (58, TREE_58), (24, TREE_24)], ids=["112", "58", "24"]
)
def test_tree_rows_at_three_widths(width: int, rows: list[str]) -> None:
    assert [row.plain.rstrip() for row in branch_rows(tree_view(), width, 3)] == rows


def test_tree_shows_branches_around_the_current_one() -> None:
    view = tree_view()
    assert [row.plain.rstrip() for row in branch_rows(view, 58, 1)] == [TREE_58[1]]
    last = tree_view(text=view.text.go_to(2, 0))
    shown = [row.plain.rstrip()[5:] for row in branch_rows(last, 58, 2)]
    assert shown == [TREE_58[1][5:], TREE_58[2][5:]]


def test_branch_shows_its_origin() -> None:
    drawn = SampleTree().start(("m",)).sample(prediction(), SampleConfig())
    assert format_origin(sampled_view(text=drawn), 0) == "sampled"
    assert format_origin(sampled_view(text=SampleTree()), 0) == "no tokens yet"
    assert format_origin(tree_view(), 1) == "you chose y (0.040)"


def test_tree_view_shows_its_keys() -> None:
    rows = plain(tree_view(), 90, 12)
    keys = " ↑↓ branch   ←→ along it   enter go there   b branch here   d delete   m keep   u undo"
    assert keys in rows
    assert rows[-1] == (
        " mariya · in val · longest stretch copied: mari (4 of 6) · 2.04 nats/token · p = 6.2e-7"
    )


def test_long_tree_is_scrolled_to_its_cursor() -> None:
    text = written(sampled_view(), "n" * 200, "n" * 190 + "i").go_to(1, 190)
    rows = branch_rows(sampled_view(text=text), 40, 5)
    assert "└i" in rows[1].plain
    assert {cell_len(row.plain) for row in rows} == {40}
    assert "A" in rows[0].plain


def test_ended_text_has_a_summary() -> None:
    text = written(sampled_view(), f"ri{END}").go_to(0, 1)
    known = {("mari", True): NoveltyResult("train", 12, "mari")}
    told = plain(sampled_view(text=text, findings=known), 76, 10)[-1]
    assert told == " mari · in train (line 12) · 2.03 nats/token · p = 3.9e-5"
    assert plain(sampled_view(text=text, findings={}), 76, 10)[-1].startswith(
        " mari · searching the corpus"
    )
    new = {("mari", True): NoveltyResult(None, None, "ari")}
    told = plain(sampled_view(text=text, findings=new), 76, 10)[-1]
    assert told == " mari · new · longest stretch copied: ari (3 of 4) · 2.03 nats/token"
    assert "in train" in plain(sampled_view(text=text, findings=known, showing="stages"), 76, 20)[0]


def test_text_without_an_end_shows_the_longest_copied_run() -> None:
    text = written(sampled_view(), "rin")
    known = {("marin", False): NoveltyResult(None, None, "ari", is_item=False)}
    told = plain(sampled_view(text=text, findings=known), 76, 10)[-1]
    assert told == " longest run copied: 3 characters, ari"


def guess_view(**changes: Any) -> GenerateView:
    guess = Guess(("m", "a"), "n", "r", 0.25, 3.05, 2.6, 1.9, prediction())
    puzzle = Puzzle(tuple(f"mari{END}"), 1, "val")
    game = GuessingGame(puzzle, 3, 1, 2, 6.1, 5.0, 4.04, guess)
    return sampled_view(**{"showing": "guess", "game": game, **changes})


GUESS_76 = """\
 What comes after m a r _ ?
 enter starts; then each letter is a guess
 Your guess: n, 0.250 under the model (1.39 nats); target: r, 0.150 (1.90).
   a     0.400 ██████████████████████████████████   after 2 guesses
▸  n     0.250 █████████████████████▎               you         3.05 nats
 ● r     0.150 ████████████▊                        bigram      2.50
   ∎     0.100 ████████▌                            this model  2.02 ✓
   i     0.060 █████▏
   y     0.040 ███▍

 Score: half of your probability is on the letter you type, half on the
 letter frequencies of train.

""".splitlines()


def test_game_shows_the_prediction_and_the_score() -> None:
    assert plain(guess_view(), 76, 13) == GUESS_76


def test_narrow_game_keeps_the_guess_and_the_target() -> None:
    rows = plain(guess_view(is_guessing=True), 36, 12)
    assert rows[0] == " after m a r _ ?"
    assert " 2: you 3.05 bigram 2.50 model 2.02" in rows
    assert any(row.startswith("▸  n") for row in rows)
    assert any(row.startswith(" ● r") for row in rows)


def test_correct_guess_is_reported() -> None:
    game = guess_view().game
    assert game is not None
    assert game.last is not None
    right = Guess(("m",), "a", "a", 0.4, 0.6, 0.7, 0.92, prediction())
    told = plain(guess_view(game=GuessingGame(game.puzzle, 2, 1, 1, 0.6, 0.7, 0.92, right)), 76, 12)
    assert told[2] == " Your guess: a, correct, 0.400 under the model (0.92 nats)."


def test_pending_request_replaces_the_message() -> None:
    rows = plain(sampled_view(waited_s=2.1, message=StatusMessage("x")), 76, 10)
    assert rows[-1] == "○ Waiting for the model: 2.1 s. esc cancels."


def test_samples_show_their_source_and_scroll() -> None:
    view = sampled_view(showing="samples", fixed_seed_samples=())
    assert plain(view, 60, 5)[:2] == [
        " latest 2, step 41,200 (g for more)",
        " mariel                            1.00 nats/token  new",
    ]
    assert plain(sampled_view(showing="samples", samples_step=None), 36, 5)[0] == (
        " samples from counts (g for more)"
    )
    many = tuple(view.samples or ()) * 5
    rows = plain(sampled_view(showing="samples", samples=many, first_sample=4), 30, 5)
    assert rows[1:] == [
        " mariel               new",
        " maria                in train",
        " mariel               new",
        " 7 more · 5 in train",
    ]
    end = plain(sampled_view(showing="samples", samples=many, first_sample=99), 30, 5)
    assert end[1:4] == [rows[2], rows[1], rows[2]]


def test_wide_pane_shows_stages_tree_and_samples() -> None:
    rows = plain(tree_view(showing="next token"), 151, 30)
    words = "\n".join(rows)
    assert "6 renormalize" in words
    assert "branches (v)" in words
    assert "fixed seed, by step" in words
    assert "latest 2" in words


def test_long_text_takes_several_lines_if_they_fit() -> None:
    text = written(sampled_view(), "n" * 100)
    rows = plain(sampled_view(text=text, fixed_seed_samples=(), samples=None), 60, 30)
    n_tokens = sum(row.count("n") for row in rows[:5] if set(row) <= set("man[]?╎ "))
    assert n_tokens == 100
    short = plain(sampled_view(text=text, fixed_seed_samples=(), samples=None), 60, 8)
    assert short[0].count("n") < 60


@pytest.mark.parametrize("showing", ["stages", "tree", "guess", "samples", "next token"])
def test_ascii_mode_uses_ascii_only(showing: Any) -> None:
    view = {"stages": stages_view, "guess": guess_view}.get(showing, tree_view)()
    changed = GenerateView(
        **{**_fields(view), "showing": showing, "appearance": Appearance(ascii_only=True)}
    )
    for width, height in ((120, 30), (76, 12), (36, 9)):
        for row in generate_rows(changed, width, height):
            assert row.plain.isascii()


def _fields(view: GenerateView) -> dict[str, Any]:
    return {name: getattr(view, name) for name in view.__struct_fields__}


def test_branch_letters_continue_after_z() -> None:
    assert [Branch(number=n).letter for n in (0, 25, 26, 51, 52)] == ["A", "Z", "AA", "AZ", "BA"]


@given(
    prompt=st.text("ab漢", max_size=300), back=st.integers(0, 9), n_drawn=st.integers(0, 9),
    width=st.integers(6, 60), n_lines=st.integers(1, 4),
)  # fmt: skip
def test_long_text_renders_from_a_bounded_number_of_tokens(
    prompt: str, back: int, n_drawn: int, width: int, n_lines: int
) -> None:
    text = SampleTree().start(tuple(prompt))
    for _ in range(n_drawn):
        text = text.pick(prediction(), 0).forward()
    view = sampled_view(text=text.go_to(0, n_drawn - back))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_strip, "cells", lambda view, reach: cells(view, 1000))
        all_looked_at = token_strip.sequence_rows(view, width, n_lines)
    assert token_strip.sequence_rows(view, width, n_lines) == all_looked_at
    assert len(cells(view, 20)) <= 2 * 20 + 2


def test_registry_has_the_order_of_the_view_names() -> None:
    assert tuple(view.name for view in GENERATE_VIEWS) == VIEWS


def test_a_tall_view_of_samples_shows_the_surprisal_of_each_token() -> None:
    rows = plain(sampled_view(showing="samples", fixed_seed_samples=()), 76, 9)
    assert rows[0].endswith(" · below: surprisal of each token")
    assert [rows[1].split()[0], rows[2], rows[3]] == ["mariel", "   ▃▃▃▃", ""]
    assert [rows[4].split()[0], rows[5]] == ["maria", "   ▃▃▃"]
    assert rows[1].index("riel") == rows[2].index("▃")


def test_before_the_first_guess_the_frequencies_fill_the_view() -> None:
    game = GuessingGame(
        Puzzle(("m", "a", "r"), 1, "val"), 1, frequencies=(("a", 0.5), ("m", 0.25), ("r", 0.25))
    )
    rows = plain(sampled_view(showing="guess", game=game), 60, 20)
    at = rows.index(" letter frequencies of train")
    assert [row.split()[:2] for row in rows[at + 1 : at + 4]] == [
        ["a", "0.500"],
        ["m", "0.250"],
        ["r", "0.250"],
    ]
    assert not any("frequencies of train" in row for row in plain(guess_view(), 60, 20)[:2])
