"""The one line of a run, and what the Controls pane shows beside its rows."""

from hypothesis import given
from hypothesis import strategies as st
from recorded_logs import recorded

from seqlm.configuration import dotted_keys
from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.run_config import Change
from seqlm.protocol.events import ValueChanged
from seqlm.runs.run_state import AppliedChange
from seqlm.runspec import recipe
from workbench.corpus.preview import Preview
from workbench.panes.controls.rows import controls_state
from workbench.run.reducer import reduce_events
from workbench.run.state import RunState
from workbench.state.app_state import AppState
from workbench.state.recipe_text import recipe_text, recipe_text_kind

MLP = recipe.parse_recipe("names-mlp")
LIVE = [s for s in dotted_keys.settings_of(MLP) if s.is_live and s.key.startswith("train.")]


def test_what_was_changed_by_hand_is_in_the_line() -> None:
    state = reduce_events(RunState(), recorded("steered"))
    config = recipe.parse_recipe("names-mlp train.steps=3600 train.evaluate_every=400")
    line = recipe_text(AppState(config, run_config=config, run=state))
    words = [
        f"{c.key}={dotted_keys.find(config, c.key).format(c.new)}@{c.step}" for c in state.changes
    ]
    assert words
    assert all(word in line.split() for word in words)


def changes() -> st.SearchStrategy[list[AppliedChange]]:
    values = {"int": st.integers(1, 10**6), "float": st.floats(1e-3, 1.0)}
    one = st.sampled_from(LIVE).flatmap(
        lambda s: st.builds(
            AppliedChange, st.integers(0, 10**6), st.just(s.key), st.none(), values[s.kind]
        )
    )
    return st.lists(one, max_size=8)


@given(changes())
def test_the_line_gives_the_same_run_again(made: list[AppliedChange]) -> None:
    line = recipe_text(AppState(MLP, run_config=MLP, run=RunState(run="a", changes=tuple(made))))
    again = recipe.parse_recipe(line)
    for change in made:
        last = [c for c in made if (c.key, c.step) == (change.key, change.step)][-1]
        assert Change(key=last.key, value=last.new, step=last.step) in again.changes
    assert recipe.parse_recipe(recipe.format_recipe(again)) == again
    assert set(MLP.changes) - set(again.changes) <= {
        c for c in MLP.changes if (c.key, c.step) in {(m.key, m.step) for m in made}
    }


def test_a_planned_change_that_took_force_is_said_once() -> None:
    planned = MLP.changes[0]
    done = AppliedChange(planned.step, planned.key, 0.1, planned.value)
    assert recipe_text(AppState(MLP, run_config=MLP, run=RunState(run="a", changes=(done,)))) == (
        "names-mlp"
    )


def test_a_line_that_holds_the_latest_changes_alone_says_so() -> None:
    paces = (ValueChanged(step=n, key="train.pace", old=1, new=n + 1) for n in range(600))
    run = reduce_events(RunState(run="a-1"), paces)
    assert (
        len(recipe.parse_recipe(recipe_text(AppState(MLP, run_config=MLP, run=run))).changes)
        == 512 + 1
    )
    assert (
        recipe_text_kind(run) == "the recipe without its first 88 changes (seqlm show a-1 has all)"
    )
    assert recipe_text_kind(RunState(run="a-1", changes=run.changes, n_changes=512)) == (
        "the recipe of this run"
    )


def test_a_log_of_another_version_still_has_a_line() -> None:
    odd = AppliedChange(5, "train.nonsense", 0, 1)
    run = RunState(run="a", recipe="names-mlp", changes=(odd,))
    assert recipe_text(AppState(MLP, run_config=MLP, run=run)) == "names-mlp"


def test_a_hostile_path_is_harmless_in_the_line() -> None:
    config = dotted_keys.with_value(MLP, "data.corpus", "/tmp/\x1b]52;c;x\x07.txt")
    assert "\x1b" not in recipe_text(AppState(config))


def test_the_size_of_the_model_is_told_before_anything_is_built(preview: Preview) -> None:
    asked = recipe.apply_settings(MLP, ["model.hidden=300"])
    pace = AppliedChange(7, "train.pace", None, 9)
    run = RunState(run="a", n_parameters=11_897, changes=(pace,), n_changes=1)
    shown = controls_state(AppState(asked, run_config=MLP, run=run, preview=preview))
    assert (shown.n_parameters, shown.n_asked) == (11_897, 17_697)
    assert (shown.n_waiting, shown.needs_new_run) == (1, True)
    assert next(row.marks for row in shown.rows if row.label == "pace") == (1,)


def test_of_a_text_that_was_not_read_no_size_is_told(preview: Preview) -> None:
    asked = recipe.apply_settings(MLP, ["data.corpus=python"])
    shown = controls_state(AppState(asked, run_config=MLP, preview=preview))
    assert (shown.n_parameters, shown.n_asked) == (11_897, None)
    assert asked.data != DataConfig()


def test_changes_keep_their_numbers_when_the_first_are_forgotten() -> None:
    made = tuple(AppliedChange(i, "train.pace", None, 9) for i in range(3))
    run = RunState(run="a", changes=made, n_changes=70)
    shown = controls_state(AppState(MLP, run_config=MLP, run=run))
    assert next(row.marks for row in shown.rows if row.label == "pace") == (68, 69, 70)
