"""Tests of views, branches, the game, clicks and waiting through the keys of the pane."""

import random
from typing import Any

import pytest
from generate_harness import (
    NEVER_ENDING,
    SHARES,
    VOCABULARY,
    Host,
    answer,
    prediction,
    presenter_with,
    press,
    screen_text,
    source,
    tokens,
)
from msgspec.structs import replace
from textual.events import Paste

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.run_config import RunConfig, SampleConfig
from seqlm.data.tokenizer import END
from workbench.corpus.preview import Preview, make_preview
from workbench.panes.generate import background_work
from workbench.panes.generate.requests import PredictionRequest
from workbench.state.app_state import AppState


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Preview:
    path = tmp_path_factory.mktemp("tiny") / "tiny.txt"
    path.write_text("".join(f"{a}{b}{c}\n" for a in "ainry" for b in "air" for c in "nay"))
    return make_preview(DataConfig(corpus=str(path), mode="lines"))


def with_text(app: Host, preview: Preview) -> None:
    app.pane.set_state(AppState(RunConfig(preset="names-mlp"), preview=preview))


# Views


async def test_v_switches_views_in_both_directions() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        seen = []
        for _ in range(5):
            seen.append(app.pane.view.showing)
            await press(pilot, ["v"])
        assert seen == ["next token", "samples", "stages", "tree", "guess"]
        await press(pilot, ["V"])
        assert app.pane.view.showing == "guess"


async def test_keys_of_a_view_are_active_in_that_view_only() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:

        def keys() -> set[str]:
            found = app.screen.active_bindings.values()
            return {active.binding.action for active in found if active.node is app.pane}

        assert {"run('draw')", "take", "auto"} <= keys()
        assert (
            not {"leave", *(f"run('{name}')" for name in ("drop", "keep", "open", "guess", "fork"))}
            & keys()
        )
        await press(pilot, ["right", "v", "v", "v"])
        assert {"leave", *(f"run('{name}')" for name in ("drop", "keep", "open", "fork"))} <= keys()
        assert "take" not in keys()
        await press(pilot, ["v"])
        assert "run('guess')" in keys()
        assert (
            "change_temperature(0.5)" in keys()
        )  # the brackets are never those of everywhere here
        assert not {"run('draw')", "take", "run('open')"} & keys()


async def test_sampling_keeps_a_view_that_shows_the_text() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        for view in ("stages", "tree"):
            app.pane.presenter.requests.update_view(showing=view)
            await press(pilot, ["right"])
            assert app.pane.view.showing == view
        app.pane.presenter.requests.update_view(showing="samples")
        await press(pilot, ["right"])
        assert app.pane.view.showing == "next token"
        assert len(tokens(app.pane)) == 3


# Branches


async def test_branches_are_created_visited_kept_and_deleted() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["enter", "right", "left"])
        first = tokens(app.pane)
        await press(pilot, ["end", "enter"])
        text = app.pane.view.text
        assert [len(branch.sampled) for branch in text.branches] == [2, 1]
        assert tokens(app.pane) == ["i"]
        await press(pilot, ["v", "v", "v", "up"])
        assert tokens(app.pane) == first
        await press(pilot, ["m"])
        assert "A is kept" in screen_text(app)
        await press(pilot, ["d"])
        assert (
            "Branch A is marked as kept. m removes the mark, then d deletes the branch."
            in screen_text(app)
        )
        await press(pilot, ["down", "d"])
        assert "Branch B deleted. u restores it." in screen_text(app)
        assert len(app.pane.view.text.branches) == 1
        await press(pilot, ["u"])
        assert len(app.pane.view.text.branches) == 2
        await press(pilot, ["escape", "escape"])
        assert [branch.letter for branch in app.pane.view.text.branches] == ["A", "C"]
        assert tokens(app.pane) == []
        await press(pilot, ["up", "enter"])
        assert (tokens(app.pane), app.pane.view.showing) == (first, "next token")


async def test_new_branch_samples_with_its_own_random_numbers() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["right", "right", "right", "left", "b"])
        assert "Branch B" in screen_text(app)
        n_asked = len(app.requests)
        await press(pilot, ["right"])
        assert len(app.requests) == n_asked  # what is expected here was known
        text = app.pane.view.text
        assert len(text.branches[0].sampled) == 3
        here = text.current_token
        assert here is not None
        assert here.series == 1


async def test_pasted_text_becomes_the_prompt() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.post_message(Paste("ni\x1b[31mn"))
        await pilot.pause()
        await press(pilot, ["enter"])
        assert "is not in this vocabulary" in screen_text(app)
        await press(pilot, ["escape"])
        app.pane.post_message(Paste("nin"))
        await pilot.pause()
        await press(pilot, ["i", "enter"])
        assert app.pane.view.text.prompt == tuple("nini")


# Clicks


async def test_click_selects_a_token_or_a_candidate() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["right", "right", "right"])
        rows = screen_text(app).splitlines()
        row = next(n for n, line in enumerate(rows) if "╎" in line and "sampled" not in line)
        column = rows[row].index("╎")
        await pilot.click(offset=(column + 3, row))
        assert app.pane.view.text.cursor == 0
        await pilot.click(offset=(column + 8, row))
        assert app.pane.view.text.cursor == 1
        await pilot.click(offset=(column - 2, row))
        assert app.pane.view.text.cursor == 0
        at = next(n for n, line in enumerate(rows) if " i  " in line and "0.200" in line)
        await pilot.click(offset=(30, at))
        assert app.pane.view.candidate == 2
        await pilot._post_mouse_events([events_of("down")], offset=(30, at))
        assert app.pane.view.candidate == 2
        await pilot._post_mouse_events([events_of("up")], offset=(30, at))
        assert app.pane.view.candidate == 1
        await pilot.click(offset=(1, 20))
        assert app.pane.view.candidate == 1


def events_of(direction: str) -> Any:
    from textual import events

    return events.MouseScrollDown if direction == "down" else events.MouseScrollUp


async def test_click_in_the_tree_selects_a_place() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["enter", "right", "left", "end", "enter", "v", "v", "v"])
        rows = screen_text(app).splitlines()
        at = next(n for n, line in enumerate(rows) if "┬─ a" in line)
        await pilot.click(offset=(rows[at].index("┬─ a") + 3, at))
        assert (app.pane.view.text.state.current, app.pane.view.text.cursor) == (0, 0)
        await pilot.click(offset=(rows[at + 1].index("└─ i") + 3, at + 1))
        assert app.pane.view.text.state.current == 1


# Guessing game


async def test_letters_are_guesses_after_the_game_started(tiny: Preview) -> None:
    app = Host(dict.fromkeys(VOCABULARY, 1 / 6))
    async with app.run_test(size=(80, 24)) as pilot:
        with_text(app, tiny)
        await press(pilot, ["V", "v", "V", "V", "v"])
        assert app.pane.view.showing == "guess"
        puzzle = app.pane.view.game
        assert puzzle is not None
        await press(pilot, ["enter", "a", "n"])
        game = app.pane.view.game
        assert game is not None
        assert (game.n_guesses, game.last.guess if game.last else "") == (2, "n")
        assert tokens(app.pane) == []
        assert "after 2 guesses" in screen_text(app)
        await press(pilot, ["enter"])
        assert app.pane.view.game is not None
        assert app.pane.view.game.n_guesses == 3
        await press(pilot, ["x"])
        assert '"x" is not in this vocabulary' in screen_text(app)
        await press(pilot, ["escape", "v"])
        assert app.pane.view.showing == "next token"


async def test_characters_outside_the_vocabulary_stay_keys_while_guessing(tiny: Preview) -> None:
    app = Host(dict.fromkeys(VOCABULARY, 1 / 6))
    pressed: list[str] = []
    app.bind("question_mark", "note")
    app.action_note = lambda: pressed.append("?")  # type: ignore[attr-defined]
    async with app.run_test(size=(80, 24)) as pilot:
        with_text(app, tiny)
        await press(pilot, ["V", "enter", "question_mark", "a"])
        assert pressed == ["?"]
        assert app.pane.view.game is not None
        assert app.pane.view.game.n_guesses == 1


async def test_another_corpus_starts_another_game(tiny: Preview) -> None:
    app = Host(dict.fromkeys(VOCABULARY, 1 / 6))
    async with app.run_test(size=(80, 24)) as pilot:
        with_text(app, tiny)
        await press(pilot, ["V", "enter", "a"])
        with_text(app, replace(tiny, uniform=1.0))
        assert app.pane.view.game is None
        await press(pilot, ["a"])
        assert not app.pane.view.is_guessing


# Novelty lookups


async def test_ended_item_is_searched_in_the_corpus(tiny: Preview) -> None:
    app = Host({END: 0.9, "a": 0.1})
    item = tiny.text.items["train"][0]
    async with app.run_test(size=(80, 24)) as pilot:
        with_text(app, tiny)
        await press(pilot, ["i", *item, "enter", "home", "enter"])
        while not app.pane.view.findings:
            await pilot.pause()
        line = tiny.text.corpus.text.split("\n").index(item) + 1
        assert f"{item} · in train (line {line})" in screen_text(app)


# Waiting


async def test_long_wait_is_shown_and_escape_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_work, "WAIT_INTERVAL_S", 0.001)
    now = 100.0
    monkeypatch.setattr(background_work, "monotonic", lambda: now)
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        app.is_silent = True
        await press(pilot, ["right", "right"])
        assert "Waiting for" not in screen_text(app)
        now = 102.1
        while app.pane.view.waited_s is None:
            await pilot.pause()
        assert "Waiting for the model: 2.1 s. esc cancels." in screen_text(app)
        await press(pilot, ["escape"])
        assert "Waiting for" not in screen_text(app)
        assert "Query canceled. → sends it again." in screen_text(app)
        assert len(tokens(app.pane)) == 1
        app.is_silent = False
        await press(pilot, ["right"])
        assert len(tokens(app.pane)) == 2


async def test_no_timer_runs_without_a_pending_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_work, "WAIT_INTERVAL_S", 0.001)
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["right"])
        while app.pane.work.wait_timer is not None:
            await pilot.pause()
        assert app.pane.work.lookup_timer is None


# Frozen weights


def test_started_text_queries_its_own_weights() -> None:
    presenter = presenter_with(1)
    answer(presenter, 41, NEVER_ENDING)
    presenter.sample_next()
    presenter.requests.set_source(source(9))
    presenter.sample_next()
    assert presenter.requests.outbox[-1] == PredictionRequest(
        "generate-2", ("a", tokens_of(presenter)[0]), "41"
    )
    presenter.discard_text()
    assert presenter.requests.outbox[-1] == PredictionRequest("generate-3", ("a",), "live")


def tokens_of(presenter: Any) -> list[str]:
    return [token.token for token in presenter.view.text.sampled]


def test_newer_weights_replace_deleted_weights() -> None:
    presenter = presenter_with(1)
    answer(presenter, 41, NEVER_ENDING)
    presenter.sample_next()
    presenter.sample_next()
    presenter.requests.handle_rejection("no weights '41' are kept", "generate-2")
    assert presenter.view.message is not None
    assert "step 41 no longer exist" in presenter.view.message.text
    assert presenter.requests.outbox[-1].weights == "live"
    answer(presenter, 50, NEVER_ENDING)
    assert len(tokens_of(presenter)) == 2
    presenter.sample_next()
    assert presenter.requests.outbox[-1].weights == "50"
    presenter.requests.handle_rejection("no")
    assert presenter.view.message is not None
    assert presenter.view.message.text == "no"


def test_setting_that_leaves_one_candidate_is_named() -> None:
    for sampling, words in (
        (SampleConfig(top_k=1), "top-k 1"),
        (SampleConfig(top_p=0.1), "top-p 0.1"),
        (SampleConfig(top_k=3, min_p=0.9), "min-p 0.9"),
    ):
        presenter = presenter_with()
        answer(presenter)
        presenter.requests.update_view(sampling=sampling)
        presenter.sample_next()
        presenter.resample()
        assert presenter.view.message is not None
        words += " leaves one candidate: every sample is the same."
        assert presenter.view.message.text == words


def test_text_of_256_tokens_stops_and_can_be_continued() -> None:
    presenter = presenter_with()
    answer(presenter, shares=NEVER_ENDING)
    for _ in range(256):
        assert presenter.can_continue_sampling()
        presenter.sample_next()
        if presenter.requests.outbox:
            answer(presenter, shares=NEVER_ENDING)
    assert not presenter.can_continue_sampling()
    assert presenter.view.message is not None
    assert presenter.view.message.text == (
        "256 tokens without an end token. → continues, n samples the last token again."
    )
    presenter.sample_next()
    answer(presenter, shares=NEVER_ENDING)
    assert presenter.can_continue_sampling()


def test_random_number_of_a_branch_is_shown_before_sampling() -> None:
    presenter = presenter_with()
    answer(presenter, shares=SHARES)
    presenter.sample_next()
    first = presenter.view.text.sampled[0].u
    presenter.start_branch()
    assert presenter.view.u != first
    expected = presenter.view.u
    presenter.sample_next()
    assert presenter.view.text.sampled[0].u == expected
    assert prediction() is not None


def test_view_is_unchanged_until_the_answer_arrives() -> None:
    presenter = presenter_with()
    answer(presenter, shares=NEVER_ENDING)
    presenter.sample_next()
    shown = presenter.view
    presenter.sample_next()
    assert (presenter.view.text, presenter.view.pending) == (shown.text, shown.pending)
    assert presenter.requests.pending_id
    answer(presenter, shares=NEVER_ENDING)
    assert len(presenter.view.text.sampled) == 2
    assert presenter.view.text.cursor == 1


KEYS = (
    *("right", "left", "up", "down", "home", "end", "pageup", "pagedown", "enter", "escape"),
    *"bdmnuUvVigarex",
    *("left_square_bracket", "tab", "space", "question_mark"),
)


@pytest.mark.parametrize("seed", range(2))
async def test_random_keys_leave_a_working_pane(seed: int, tiny: Preview) -> None:
    chance = random.Random(seed)
    app = Host({"a": 0.4, "n": 0.3, "i": 0.2, END: 0.1})
    async with app.run_test(size=chance.choice([(80, 24), (40, 12), (151, 30), (12, 5)])) as pilot:
        with_text(app, tiny)
        for _ in range(50):
            await pilot.press(chance.choice(KEYS))
            if chance.random() < 0.1:
                await pilot.click(offset=(chance.randrange(12), chance.randrange(5)))
        app.pane.focus()
        await press(pilot, ["escape", "escape", "escape"])
        app.pane.presenter.requests.update_view(showing="next token")
        await press(pilot, ["escape", "right", "right"])
        assert tokens(app.pane)
        text = app.pane.view.text
        assert 0 <= text.cursor <= len(text.sampled)


async def test_the_first_look_at_the_samples_requests_them() -> None:
    app = Host(NEVER_ENDING)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, ["v"])
        assert app.pane.view.showing == "samples"
        assert app.pane.view.samples is not None
