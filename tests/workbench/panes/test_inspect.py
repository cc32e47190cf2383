"""Keys of the Inspect pane, its queries, and hostile tokens."""

import math

import pytest
from inspect_harness import InspectApp, config_of, open_view, recorded_answers, shown_text
from msgspec.structs import replace

from seqlm.data.tokenizer import CharTokenizer
from workbench.keyboard.key_labels import KeyLabels
from workbench.panes.inspect.cells import WIDE, format_signed, signed_cell, window
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.panes.inspect.views import INSPECT_VIEWS
from workbench.panes.pane_view import available_views

SIZE = (100, 30)
HOSTILE = (
    *("\x1b[31m", "\u202e", "語", "\t", "e\u0301", "[bold]", "\x00", "a" * 40, "\n", "<run.space>"),
    *(chr(0x4E00 + i) for i in range(17)),
)
"""Tokens of a text that wants to leave its cells, instead of the 27 letters."""


async def test_only_views_of_the_family_are_offered() -> None:
    app = InspectApp("bigram")
    async with app.run_test(size=SIZE) as pilot:
        await open_view(pilot, "network")
        names = []
        for _ in range(5):
            names.append(app.pane.model.view_name)
            await pilot.press("v")
    assert names == ["network", "surprisal", "weights", "reach", "network"]


async def test_the_text_is_that_of_generate_or_typed() -> None:
    app = InspectApp("mlp")
    async with app.run_test(size=SIZE) as pilot:
        pane = await open_view(pilot, "network")
        assert app.queries[-1].text == "marie"
        await pilot.press("i", *"emma", "enter")
        await pilot.pause()
        assert app.queries[-1].text == "emma"
        assert "typed text" in shown_text(pane)
        await pilot.press("i", *"em3", "enter")
        await pilot.pause()
        assert app.queries[-1].text == "emma"
        assert "The text is unchanged." in shown_text(pane)
        await pilot.press("escape", "i", "delete", "enter")
        await pilot.pause()
        assert app.queries[-1].text == "marie"


async def test_an_empty_generate_pane_leaves_the_text_to_the_worker() -> None:
    app = InspectApp("mlp", text="")
    async with app.run_test(size=SIZE) as pilot:
        pane = await open_view(pilot, "network")
        assert app.queries[-1].text is None
        assert "first validation line" in shown_text(pane)


async def test_arrows_select_the_position_and_the_tensor() -> None:
    app = InspectApp("mlp")
    async with app.run_test(size=SIZE) as pilot:
        pane = await open_view(pilot, "network")
        assert app.queries[-1].position == -1
        await pilot.press("left", "left")
        await pilot.pause()
        assert app.queries[-1].position == 3
        await pilot.press("down", "down", "down", "n")
        assert "layer.0.preactivation[" in shown_text(pane)
        assert len(app.queries) == 3


async def test_cut_and_undo() -> None:
    app = InspectApp("lstm")
    async with app.run_test(size=SIZE) as pilot:
        pane = await open_view(pilot, "state")
        unit = recorded_answers("lstm")["state"].result["units"][1]["unit"]
        name = f"{recorded_answers('lstm')['state'].result['name']}.{unit}"
        await pilot.press("down", "x")
        await pilot.pause()
        assert app.queries[-1].without == [name]
        whole = recorded_answers("lstm")["state"].full_loss
        assert f"! without {name}; loss {whole + 0.25:.3f}, whole model {whole:.3f}" in shown_text(
            pane
        )
        await pilot.press("v", "v")
        await pilot.pause()
        assert app.queries[-1].without == [name]
        assert f"! without {name}" in shown_text(pane)
        await pilot.press("w")
        await pilot.pause()
        assert app.queries[-1].without == []
        assert "! without" not in shown_text(pane)


async def test_moved_keys_are_named() -> None:
    app = InspectApp("mlp")
    async with app.run_test(size=SIZE) as pilot:
        pane = await open_view(pilot, "network")
        await pilot.press("down", "x")
        await pilot.pause()
        assert pane.state is not None
        keys = KeyLabels((("inspect.whole", "f9"), ("inspect.left", "y")))
        pane.set_state(replace(pane.state, keys=keys))
        assert "(f9 undoes)" in shown_text(pane)


async def test_the_selected_unit_stays_selected_when_units_are_sorted_anew() -> None:
    app = InspectApp("lstm")
    async with app.run_test(size=SIZE) as pilot:
        pane = await open_view(pilot, "state")
        await pilot.press("down", "down")
        answer = app.answers["state"]
        unit = answer.result["units"][2]["unit"]
        units = answer.result["units"][::-1]
        app.answers["state"] = replace(answer, result={**answer.result, "units": units})
        app.use_model(step=601)
        await pilot.pause()
        assert pane.view.cut_name(pane.model) == f"{answer.result['name']}.{unit}"


async def test_part_keys_select_activation_and_parameter() -> None:
    app = InspectApp("lstm")
    async with app.run_test(size=SIZE) as pilot:
        await open_view(pilot, "state")
        names = recorded_answers("lstm")["state"].result["names"]
        at = names.index(recorded_answers("lstm")["state"].result["name"])
        await pilot.press("n")
        await pilot.pause()
        assert app.queries[-1].part == names[(at + 1) % len(names)]
        await open_view(pilot, "weights")
        await pilot.press("N")
        await pilot.pause()
        assert app.queries[-1].part == "output.bias"


async def test_the_map_selects_the_next_token_in_a_direction() -> None:
    app = InspectApp("mlp")
    async with app.run_test(size=SIZE) as pilot:
        pane = await open_view(pilot, "embedding")
        points = recorded_answers("mlp")["embedding"].result["map"]["points"]
        before = recorded_answers("mlp")["embedding"].result["token_id"]
        await pilot.press("left")
        await pilot.pause()
        token = app.queries[-1].part
        assert token is not None
        assert points[list(pane.model.vocabulary).index(token)][0] < points[before][0]


async def test_one_query_is_pending_until_a_key_asks_for_something_else() -> None:
    app = InspectApp("mlp")
    async with app.run_test(size=SIZE) as pilot:
        await open_view(pilot, "network")
        app.is_answering = False
        for step in range(601, 606):
            app.use_model(step)
            await pilot.pause()
        assert len(app.queries) == 2
        app.pane.requests.receive_answer(app.answer_to(app.queries[-1]))
        await pilot.pause()
        assert len(app.queries) == 3  # the weights of step 605
        await pilot.press("v")
        await pilot.pause()
        assert app.queries[-1].view == "surprisal"
        app.pane.requests.receive_answer(app.answer_to(app.queries[-2]))
        assert app.pane.model.shown is None or "network" not in app.pane.model.view_name


async def test_a_rejection_is_shown_and_removed_by_the_next_answer() -> None:
    app = InspectApp("mlp")
    async with app.run_test(size=SIZE) as pilot:
        pane = await open_view(pilot, "network")
        app.is_answering = False
        await pilot.press("left")
        await pilot.pause()
        pane.requests.receive_rejection(
            app.queries[-1].id, "the text has 90 tokens; allowed: 1 to 16"
        )
        assert "allowed: 1 to 16" in shown_text(pane)
        app.is_answering = True
        await pilot.press("left")
        await pilot.pause()
        assert "allowed" not in shown_text(pane)


async def test_an_error_of_the_typed_text_stays_until_the_field_is_closed() -> None:
    app = InspectApp("mlp")
    async with app.run_test(size=(80, 20)) as pilot:
        pane = await open_view(pilot, "network")
        await pilot.press("i", *"m9", "enter")
        await pilot.pause()
        app.use_model(step=601)  # the next answer
        await pilot.pause()
        row = shown_text(pane).splitlines()[2]  # below the border and the field
        assert '"9" is not in this vocabulary' in row
        await pilot.press("escape")
        await pilot.pause()
        assert "vocabulary" not in shown_text(pane)


async def test_overflow_of_the_exponential_is_explained() -> None:
    app = InspectApp("mlp")
    answer = app.answers["network"]
    softmax = {**answer.result["softmax"], "total": "inf", "loss": "nan", "shift": 0.0}
    n = len(softmax["logits"])
    softmax |= {"exponentials": ["inf"] * n, "probabilities": ["nan"] * n}
    app.answers["network"] = replace(answer, result={**answer.result, "softmax": softmax})
    async with app.run_test(size=SIZE) as pilot:
        pane = await open_view(pilot, "network")
        await pilot.press("m", "a")
        await pilot.pause()
        assert (app.queries[-1].subtract_max, app.queries[-1].add_to_logits) == (False, 100.0)
        text = shown_text(pane)
    assert "e^z overflows float32" in text
    assert "NaN" in text
    assert "inf" in text


@pytest.mark.parametrize("name", ["mlp", "lstm", "transformer", "bigram"])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_hostile_tokens_stay_in_their_cells(name: str, ascii_only: bool) -> None:
    app = InspectApp(name, ascii_only=ascii_only)
    app.tokenizer = CharTokenizer(HOSTILE)
    app.answers = {
        view: replace(answer, tokens=[HOSTILE[i] for i in answer.ids])
        for view, answer in app.answers.items()
    }
    async with app.run_test(size=(80, 24)) as pilot:
        for view in app.answers:
            pane = await open_view(pilot, view)
            for strip in pane.draw_strips(80, 24):
                assert strip.cell_length == 80
                assert all(sign >= " " and sign != "\u202e" for sign in strip.text)
                assert strip.text.isascii() or not ascii_only
            assert "Computing" not in shown_text(pane)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.524, "+.52"),
        (-1.26, "-1.3"),
        (24.2, " +24"),
        (-999.0, "-999"),
        (31234.0, "+3e4"),
        (0.001, "   0"),
        (math.nan, " NaN"),
        (-math.inf, "-inf"),
    ],
)
def test_signed_number(value: float, text: str) -> None:
    assert format_signed(value) == text
    assert len(signed_cell(value, 1.0, True, False)[0]) == WIDE


def test_window_contains_the_cursor() -> None:
    for at in range(20):
        shown = window(20, 7, at)
        assert at in shown
        assert len(shown) == 7
    assert window(3, 7, 1) == range(3)


def test_views_of_each_family() -> None:
    found = {
        name: [
            v.name
            for v in available_views(INSPECT_VIEWS, InspectViewModel(family=config_of(name).model))
        ]
        for name in ("transformer", "lstm", "ngram")
    }
    assert found == {
        "transformer": [view.name for view in INSPECT_VIEWS],
        "lstm": ["network", "surprisal", "state", "embedding", "weights", "reach"],
        "ngram": ["network", "surprisal", "reach"],
    }


async def test_two_part_keys_in_a_burst_move_by_two() -> None:
    app = InspectApp("lstm")
    async with app.run_test(size=SIZE) as pilot:
        await open_view(pilot, "weights")
        names = [p["name"] for p in recorded_answers("lstm")["weights"].result["parameters"]]
        app.is_answering = False
        await pilot.press("n", "n")
        await pilot.pause()
        assert app.queries[-1].part == names[2]


async def test_a_partial_answer_is_shown_and_the_rest_awaited() -> None:
    app = InspectApp("lstm")
    answer = app.answers["state"]
    app.answers["state"] = replace(
        answer, is_partial=True, result={**answer.result, "units": answer.result["units"][:2]}
    )
    async with app.run_test(size=SIZE) as pilot:
        pane = await open_view(pilot, "state")
        assert len(pane.model.result.units) == 8
        assert shown_text(pane).count("…") == 6
        app.use_model(step=601)
        await pilot.pause()
        n_queries = len(app.queries)
        assert app.queries[-1].with_partial
        pane.requests.receive_answer(replace(answer, id=app.queries[-1].id))
        await pilot.pause()
        assert "…" not in shown_text(pane)
        assert len(app.queries) == n_queries + 1  # the weights of step 601
