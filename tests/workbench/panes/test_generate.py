import math
from typing import Any

import pytest
from app_harness import AppHarness, wait_until_settled
from generate_harness import (
    HOSTILE,
    NEVER_ENDING,
    Host,
    answer,
    plain,
    prediction,
    presenter_with,
    press,
    sampled_view,
    screen_text,
    source,
    tokenizer_of,
    tokens,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from textual.events import Key, Paste

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.run_config import SampleConfig
from seqlm.data.tokenizer import CharTokenizer
from seqlm.errors import RequestError
from seqlm.presets import preset_config
from seqlm.protocol.queries import SampleResult
from seqlm.sanitize import sanitize
from workbench.application.app import Workbench
from workbench.application.startup import StartupOptions
from workbench.corpus.novelty import NoveltyResult
from workbench.corpus.preview import make_preview
from workbench.panes.generate.presenter import GeneratePresenter
from workbench.panes.generate.prompt import tokens_of, typed_text, usable_prompt
from workbench.panes.generate.render import generate_rows
from workbench.panes.generate.requests import PredictionRequest, SamplesRequest
from workbench.panes.generate.side_panel import title_info
from workbench.panes.generate.view_model import VIEWS, GenerateView, PredictionSource, StatusMessage
from workbench.render.palette import NO_COLOR, PALETTES
from workbench.render.sanitize import END
from workbench.sampling.guessing_game import Guess, GuessingGame, Puzzle
from workbench.sampling.prediction import Prediction
from workbench.sampling.sample_tree import SampleTree
from workbench.state.app_state import AppState
from workbench.widgets.appearance import Appearance

GOLDEN_78 = """\
   m    a ╎  r  [ a ]             entropy 1.53 → 1.32  │ fixed seed, by step
 2.71 0.44╎1.90 0.92  nats       u = 0.174 selected a  │     10 pwrcxuwkd
▸● a     0.400 ███████████▉   →  0.472 ██████████████  │  1,000 malixa
   n     0.250 ███████▍       →  0.262 ███████▊        │ 41,200 kaycoum
   r     0.150 ████▌          →  0.138 ████▏           │
   ∎     0.100 ███            →  0.083 ██▌             │ latest 2 (g)
   i     0.060 █▊             →  0.044 █▎              │ mariel       new
   y     0.040 █▏             →    cut by top-k        │ maria        in train
""".splitlines()
GOLDEN_80_16 = """\
   prompt ╎ sampled                                      │ fixed seed, by step
   m    a ╎  r  [ a ]               entropy 1.53 → 1.32  │     10 pwrcxuwkd
 2.71 0.44╎1.90 0.92  nats                               │  1,000 malixa
                                                         │ 41,200 kaycoum
 after mar     model                    sampled          │
▸● a     0.400 ████████████▊   →  0.472 ███████████████  │ latest 2 (g)
   n     0.250 ████████        →  0.262 ████████▍        │ mariel       new
   r     0.150 ████▊           →  0.138 ████▍            │ maria        in train
   ∎     0.100 ███▏            →  0.083 ██▋              │
   i     0.060 █▉              →  0.044 █▍               │
   y     0.040 █▎              →    cut by top-k         │
                                                         │
 ├───────────a────────────├──────n──────├──r───├─∎──├i┤  │
          ▲ u = 0.174 selected a                         │
                                                         │
                                                         │
""".splitlines()
GOLDEN_40 = """\
   m    a ╎  r  [ a ]
 2.71 0.44╎1.90 0.92  nats
▸● a     0.400 █████▉  →  0.472 ███████
   n     0.250 ███▊    →  0.262 ███▉
   r     0.150 ██▎     →  0.138 ██
   ∎     0.100 █▌      →  0.083 █▎
 2 more  0.100         →  0.044  1 cut
""".splitlines()


def test_frame_at_80_columns() -> None:
    assert plain(sampled_view(), 78, 8) == GOLDEN_78


def test_frame_at_120_columns() -> None:
    assert plain(sampled_view(), 80, 16) == GOLDEN_80_16


def test_frame_at_40_columns() -> None:
    assert plain(sampled_view(), 40, 7) == GOLDEN_40


def test_cut_candidates_are_marked() -> None:
    rows = plain(sampled_view(), 80, 16)
    assert any(row.startswith("   y") and "cut" in row for row in rows)


def test_both_columns_sum_to_one() -> None:
    options = sampled_view().options
    assert math.isclose(sum(option.probability for option in options), 1)
    assert math.isclose(sum(option.sampled for option in options), 1)


def test_title_lists_views_weights_and_settings() -> None:
    before = GenerateView(source=PredictionSource("letter-pair counts, no training yet", "counts"))
    wide = "NEXT TOKEN  samples  stages  tree  guess · letter-pair counts, no training yet"
    assert title_info(before, 90) == wide
    assert (
        title_info(before, 64) == "next token (view 1 of 5) · letter-pair counts, no training yet"
    )
    held = sampled_view(showing="tree")
    settings = "frozen at step 41,200 (esc: live) · T 0.8 · top-k 5 · seed 7"
    assert title_info(held, 200) == f"next token  samples  stages  TREE  guess · {settings}"
    assert title_info(held, 72) == f"tree · {settings}"
    assert title_info(held, 55) == "tree · frozen at step 41,200 (esc: live) · T 0.8"
    assert title_info(held, 12) == "tree"
    assert title_info(held, 3) == ""
    stages = title_info(sampled_view(showing="stages"), 96)
    assert stages == "next token  samples  STAGES  tree  guess · frozen at step 41,200 (esc: live)"
    every = SampleConfig(temperature=1.5, top_k=9, top_p=0.95, min_p=0.02, seed=7)
    told = title_info(sampled_view(sampling=every), 120)
    assert told.endswith("T 1.5 · top-k 9 · top-p 0.95 · min-p 0.02 · seed 7")


def test_changed_setting_shows_what_the_random_number_selects_now() -> None:
    wild = next(
        text
        for seed in range(100)
        if (text := SampleTree().sample(prediction(), SampleConfig(seed=seed))).sampled[0].token
        == "r"
    )
    as_drawn = "\n".join(plain(sampled_view(text=wild, sampling=SampleConfig()), 80, 16))
    assert "selected r" in as_drawn
    assert "now it would" not in as_drawn
    greedy = "\n".join(plain(sampled_view(text=wild, sampling=SampleConfig(top_k=1)), 80, 16))
    assert "selected r; now it would select a" in greedy


hostile = st.lists(
    st.sampled_from(HOSTILE) | st.text(max_size=4), min_size=1, max_size=9, unique=True
)


def hostile_view(
    tokens: list[str], n_drawn: int, appearance: Appearance, showing: Any
) -> GenerateView:
    shares = {token: 1 / len(tokens) for token in tokens}
    expected = prediction(shares)
    text = SampleTree().start(tuple(tokens[:3]))
    for i in range(n_drawn):
        text = text.pick(expected, i % len(tokens)).forward()
    for i in range(n_drawn % 7):  # branches here and there
        text = text.go_to(0, i * n_drawn % 11).pick(expected, -i % len(tokens)).forward()
        text = text.pick(expected, i % len(tokens))
    whole = "".join(tokens)
    sample = SampleResult(text=whole, tokens=tokens, surprisal=[1.0] * len(tokens))
    guess = Guess(tuple(tokens), tokens[0], tokens[-1], 0.0, 1.0, 2.0, 3.0, expected)
    game = GuessingGame(Puzzle(tuple(tokens), 0, "val"), 0, 1, n_drawn, 1.0, 2.0, 3.0, guess)
    return GenerateView(
        text=text.toggle_keep(),
        pending=expected,
        candidate=n_drawn % len(tokens),
        sampling=SampleConfig(temperature=0.5, top_k=5, top_p=0.9, min_p=0.1, seed=n_drawn),
        source=PredictionSource(
            "\x1b]52;c;x\x07[/]", "live", None, CharTokenizer(tuple(tokens), 0)
        ),
        fixed_seed_samples=((1, whole),),
        samples=(sample,) * (n_drawn % 5),
        first_sample=n_drawn % 3,
        findings=AnyText(NoveltyResult("train", 10**9, whole)),
        game=game if n_drawn % 3 else None,
        is_guessing=n_drawn % 2 == 0,
        showing=showing,
        message=StatusMessage("\x1b[2J[/red]") if n_drawn % 2 else None,
        waited_s=n_drawn / 3 if n_drawn % 11 == 0 else None,
        appearance=appearance,
    )


class AnyText(dict[tuple[str, bool], NoveltyResult]):
    """Mapping with the same result for every text."""

    def __init__(self, finding: NoveltyResult) -> None:
        super().__init__()
        self._finding = finding

    def get(self, key: tuple[str, bool], default: Any = None) -> Any:
        return self._finding


@settings(max_examples=300)
@given(
    hostile,
    st.integers(0, 40),
    st.integers(1, 170),
    st.integers(1, 40),
    st.booleans(),
    st.sampled_from(sorted(PALETTES)),
    st.sampled_from(VIEWS),
)
def test_any_token_renders_at_any_size(
    tokens: list[str],
    n_drawn: int,
    width: int,
    height: int,
    ascii_only: bool,
    palette: str,
    showing: str,
) -> None:
    view = hostile_view(tokens, n_drawn, Appearance(PALETTES[palette], ascii_only), showing)
    rows = generate_rows(view, width, height)
    assert len(rows) == height
    for row in rows:
        assert cell_len(row.plain) == width
        assert sanitize(row.plain) == row.plain
        assert row.plain.isascii() or not ascii_only
    title = title_info(view, width)
    assert cell_len(title) <= width
    assert sanitize(title) == title


@pytest.mark.parametrize("width", [0, 1, 5, 40, 120])
def test_empty_view_renders_at_any_size(width: int) -> None:
    for height in range(20):
        assert len(generate_rows(GenerateView(), width, height)) == (height if width else 0)


def test_long_text_shows_blocks_around_the_cursor() -> None:
    text = SampleTree().start(tuple("x" * 50))
    for _ in range(60):
        text = text.pick(prediction(), 1).forward()
    rows = plain(sampled_view(text=text.back(), fixed_seed_samples=(), samples=None), 40, 7)
    assert rows[0].endswith("n[n]")
    assert set(rows[1].strip()) <= set("▁▂▃▄▅▆█")


# The presenter: rules without a screen.


def test_first_request_is_for_the_token_after_the_prompt() -> None:
    presenter = presenter_with(prompt="ax")
    assert presenter.requests.outbox == [PredictionRequest("generate-1", ("a",), "live")]


def test_text_without_samples_follows_newer_weights() -> None:
    presenter = presenter_with(1)
    answer(presenter)
    presenter.requests.set_source(source(2))
    assert [asked.request_id for asked in presenter.requests.outbox] == ["generate-2"]
    presenter.requests.set_source(source(3))
    presenter.requests.set_source(source(4))
    assert len(presenter.requests.outbox) == 1
    answer(presenter, 2)
    assert len(presenter.requests.outbox) == 1
    answer(presenter, 4)
    assert not presenter.requests.outbox
    assert presenter.view.prediction is not None
    assert presenter.view.prediction.step == 4


def test_request_is_repeated_when_its_source_is_gone() -> None:
    presenter = presenter_with()
    presenter.sample_next()
    presenter.requests.set_source(PredictionSource("pair counts", "counts", None, tokenizer_of()))
    asked = presenter.requests.outbox[-1]
    assert isinstance(asked, PredictionRequest)
    assert asked.weights == "counts"
    answer(presenter)
    assert len(presenter.view.text.sampled) == 1


def test_sampled_text_is_frozen_until_it_is_discarded() -> None:
    presenter = presenter_with(1)
    answer(presenter)
    presenter.sample_next()
    held = presenter.view.text
    presenter.requests.set_source(source(9))
    assert not presenter.requests.outbox
    assert presenter.view.has_sampled_text
    presenter.discard_text()
    answer(presenter, 9)
    assert presenter.view.text.sampled == ()
    presenter.undo()
    assert presenter.view.text.state == held.state


def test_sampling_waits_for_the_prediction() -> None:
    presenter = presenter_with()
    presenter.sample_next()
    presenter.sample_next()
    assert len(presenter.requests.outbox) == 2
    answer(presenter)
    assert len(presenter.view.text.sampled) == 1


def test_late_answer_is_ignored() -> None:
    presenter = presenter_with()
    answer(presenter)
    presenter.sample_next()
    before = presenter.view
    presenter.receive_prediction(prediction(request_id="generate-1"))
    assert presenter.view == before


def test_going_back_cancels_a_pending_sample() -> None:
    presenter = presenter_with()
    answer(presenter)
    presenter.sample_next()
    if presenter.view.text.has_ended:
        pytest.skip("this seed ends at once")
    presenter.sample_next()
    presenter.step_back()
    answer(presenter)
    assert len(presenter.view.text.sampled) == 1


def test_no_token_is_sampled_after_the_end() -> None:
    presenter = presenter_with()
    answer(presenter, shares={END: 0.9, "a": 0.1})
    presenter.insert_candidate()
    assert not presenter.can_continue_sampling()
    presenter.sample_next()
    assert presenter.view.message is not None
    assert "ends here" in presenter.view.message.text


def test_rejection_is_shown_and_the_next_key_sends_a_request() -> None:
    presenter = presenter_with()
    presenter.requests.outbox.clear()
    presenter.requests.handle_rejection("the worker is gone")
    assert presenter.view.message == StatusMessage("the worker is gone", is_error=True)
    presenter.sample_next()
    assert len(presenter.requests.outbox) == 1


def test_another_vocabulary_starts_a_new_text_with_the_known_prompt() -> None:
    presenter = presenter_with(prompt="an")
    answer(presenter)
    presenter.sample_next()
    presenter.requests.set_source(source(1, ("a", "b", "\n")))
    assert presenter.view.text.prompt == ("a",)
    assert presenter.view.text.sampled == ()


def test_loading_another_corpus_clears_the_text() -> None:
    presenter = presenter_with(prompt="an")
    answer(presenter)
    presenter.sample_next()
    presenter.request_samples()
    asked = presenter.requests.outbox.pop().request_id
    presenter.requests.clear_corpus()
    view = presenter.view
    assert (view.text.sampled, view.pending, view.samples, view.fixed_seed_samples) == (
        (),
        None,
        None,
        (),
    )
    assert not view.source.vocabulary
    assert not presenter.requests.pending_id
    assert not presenter.requests.is_pending(asked)
    presenter.requests.set_source(source(1, ("a", "n", "\n")))
    assert presenter.view.text.prompt == ("a", "n")


async def test_rejection_of_an_old_request_is_not_shown() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(120, 40)):
        app.pane.action_ten()
        asked = app.pane.presenter.requests.pending_id
        app.pane.inbox.handle_rejection("asked of another text", "generate-0")
        assert app.pane.presenter.requests.pending_id == asked != ""
        app.pane.inbox.handle_rejection("asked of this one", asked)
        assert app.pane.view.message is not None
        assert app.pane.view.message.text == "asked of this one"


def test_samples_are_requested_for_the_prompt() -> None:
    presenter = presenter_with()
    answer(presenter)
    presenter.request_samples()
    asked = presenter.requests.outbox.pop()
    assert asked == SamplesRequest("generate-2", ("a",), 10)
    presenter.requests.receive_samples("another", [], 7)
    assert presenter.view.samples is None
    presenter.requests.receive_samples(
        asked.request_id, [SampleResult(text="a", tokens=[END], surprisal=[1.0])], 7
    )
    assert presenter.view.samples is not None
    assert presenter.view.message is None


def test_top_k_1_reports_a_single_candidate() -> None:
    presenter = presenter_with()
    answer(presenter)
    presenter.requests.update_view(sampling=SampleConfig(top_k=1))
    presenter.sample_next()
    presenter.resample()
    assert presenter.view.message is not None
    assert "one candidate" in presenter.view.message.text


# Prompt


def test_unknown_character_is_rejected_by_name() -> None:
    with pytest.raises(RequestError, match='"é" is not in this vocabulary'):
        tokens_of("ané", source())


def test_line_ends_can_be_typed() -> None:
    stream = source(1, ("\t", "\n", " ", "a"))
    assert tokens_of("a␊␉ a", stream) == ("a", "\n", "\t", " ", "a")
    assert typed_text(("a", "\n"), stream) == "a␊"


def test_stream_always_has_a_prompt() -> None:
    stream = replace(source(1, ("a", "\n")), default_prompt=("\n",))
    assert usable_prompt("", stream) == ("\n",)
    assert usable_prompt("a", stream) == ("a",)
    assert usable_prompt("x", source(1, ("b", "c"))) == ("b",)
    assert usable_prompt("", source()) == ()


# Widget


async def test_keys_sample_go_back_and_pick() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["right", "l", "right"])
        assert len(tokens(app.pane)) == 3
        drawn = tokens(app.pane)
        await press(pilot, ["left", "h"])
        assert (tokens(app.pane), app.pane.view.text.cursor) == (drawn, 0)
        await press(pilot, ["home", "down", "j", "enter"])
        assert tokens(app.pane) == ["i"]
        await press(pilot, ["u"])
        assert tokens(app.pane) == drawn
        await press(pilot, ["U"])
        assert tokens(app.pane) == ["i"]
        await press(pilot, ["n"])
        assert app.pane.view.text.sampled[0].series == 1
        await press(pilot, ["escape"])
        assert tokens(app.pane) == []


async def test_prompt_is_edited_and_an_invalid_prompt_rejected() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["i", "n", "a", "enter"])
        assert app.pane.view.text.prompt == ("n", "a")
        await press(pilot, ["i", "é", "enter"])
        assert app.pane.view.text.prompt == ("n", "a")
        words = " ".join(screen_text(app).replace("┃", " ").split())
        assert '"é" is not in this vocabulary' in words
        assert "The prompt is unchanged." in words
        below = app.pane.rows(76, 20)
        assert (
            '"é" is not in this vocabulary' in below[1].plain
        )  # the field lies over the first row
        assert len(below) == 20
        await press(pilot, ["escape"])
        assert app.focused is app.pane
        assert "unchanged" not in screen_text(app)


def test_empty_prompt_is_rejected_without_an_end_token() -> None:
    presenter = presenter_with()
    presenter.requests.set_source(PredictionSource("", "live", 1, CharTokenizer(("a", "b"), None)))
    with pytest.raises(RequestError, match="no end token to start after: type a token"):
        presenter.set_prompt("")


async def test_escape_reaches_the_app_if_the_pane_does_not_use_it() -> None:
    app = Host()
    app.bind("escape", "unzoom")
    left: list[str] = []
    app.action_unzoom = lambda: left.append("unzoom")  # type: ignore[attr-defined]
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, ["escape", "right", "escape", "i", "escape", "escape"])
        assert len(left) == 2


async def test_keys_in_a_burst_are_not_lost() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("i", *"anni", "enter"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        while app.pane.view.text.prompt == ("a",):
            await pilot.pause()
        assert app.pane.view.text.prompt == tuple("anni")
        assert tokens(app.pane) == []


async def test_every_letter_types_in_the_field() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["i", *"angujkhlv", "left_square_bracket"])
        field = app.pane.query_one("Field")
        assert getattr(field, "value", "") == "angujkhlv["
        assert app.requests[-1].tokens == ("a",)


async def test_ten_samples_and_the_next_view() -> None:
    app = Host()
    async with app.run_test(size=(50, 12)) as pilot:
        await press(pilot, ["g"])
        assert app.requests[-1].count == 10
        assert "anna" in screen_text(app)
        assert "new" in screen_text(app)
        await press(pilot, ["v"])
        assert "anna" not in screen_text(app)


async def test_brackets_request_another_temperature() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["left_square_bracket", "right_parenthesis"])
        assert app.requests[-2:] == [0.5, 2.0]


async def test_unchanged_rows_are_not_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        refreshed: list[Any] = []
        monkeypatch.setattr(app.pane, "refresh", lambda *regions, **_: refreshed.append(regions))
        app.pane.inbox.set_source(PredictionSource("names-mlp-7", "live", 1, tokenizer_of()))
        app.pane.inbox.set_sampling(SampleConfig(seed=3))
        app.pane.inbox.set_fixed_seed_samples(())
        assert refreshed == []
        app.pane.inbox.set_fixed_seed_samples(((1, "anna"),))
        assert 0 < len(refreshed[0]) < 6


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (10, 4), (40, 8), (200, 60)])
async def test_pane_works_at_any_screen_size(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.pane.set_appearance(NO_COLOR, ascii_only=True)
        await press(pilot, ["right", "right", "g", "v", "i", "escape"])
        await pilot.resize_terminal(60, 20)
        await pilot.resize_terminal(*size)
        await pilot.pause()


def test_request_is_answered_locally() -> None:
    presenter = GeneratePresenter(("a",))
    presenter.requests.set_source(source())
    (question,) = presenter.requests.outbox
    presenter.requests.answer_locally(question, lambda asked, *_: prediction(request_id=asked))
    assert presenter.view.pending is not None

    def refusing(*_: object) -> Prediction:
        raise RequestError("no such token")

    presenter.requests.answer_locally(question, refusing)
    assert "no such token" in "\n".join(plain(presenter.view, 80, 12))


async def test_untrained_prompt_shows_a_note() -> None:
    """The last number at the start of a line of `counting` is 122."""
    data = DataConfig(corpus="counting", tokenizer="word", unknown=False, split="100/0/0")
    preview = make_preview(data)
    words = "▸ no training line starts with 124, so this prompt is untrained"
    app = Host(dict.fromkeys(preview.vocabulary, 1 / 128))
    async with app.run_test(size=(80, 20)) as pilot:
        app.pane.set_state(AppState(preset_config("counting"), preview=preview))
        app.pane.inbox.set_source(PredictionSource("counting-1", "live", 1, preview.text.tokenizer))
        for typed, is_said in (("124", True), ("122", False), ("123 124", False), ("127", True)):
            app.pane.post_message(Paste(typed))
            await pilot.pause()
            await press(pilot, ["enter"])
            said = words.replace("124", typed) in screen_text(app)
            assert said == is_said, typed


@pytest.mark.parametrize(
    ("preset", "prompt"),
    [("hello", ("H",)), ("prose-ngram", ("\n",)), ("names-mlp", ())],
)
async def test_the_first_prompt_is_one_that_the_model_is_trained_on(
    harness: AppHarness, preset: str, prompt: tuple[str, ...]
) -> None:
    preview = make_preview(preset_config(preset).data)
    options = StartupOptions(preset_config(preset), preview=preview)
    app = Workbench(options, clock=lambda: 0.0, spawn=harness.spawn)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        assert app.main.generate.view.text.prompt == prompt
        assert app.main.generate.view.prompt_note == ""
