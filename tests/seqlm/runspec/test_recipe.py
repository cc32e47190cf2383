import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import Change, RunConfig
from seqlm.errors import RequestError
from seqlm.presets import PRESETS, preset_config
from seqlm.runspec import recipe

LIVE_WORDS = {
    "train.learning_rate": st.floats(1e-6, 100),
    "train.clip": st.none() | st.floats(1e-3, 10),
    "train.steps": st.integers(1, 10**9),
    "train.pace": st.none() | st.floats(0.5, 100),
}
FIXED_WORDS = {
    "model.hidden": st.integers(1, 8192),
    "model.dropout": st.floats(0, 1, exclude_max=True),
    "data.corpus": st.text(min_size=1).map(str.strip).filter(bool),
    "data.deduplicate": st.booleans(),
    "seed": st.integers(0, 2**31 - 1),
}


@st.composite
def configurations(draw: st.DrawFn) -> RunConfig:
    config = preset_config(draw(st.sampled_from(["names-mlp", "names-lstm"])))
    kind = draw(st.sampled_from(["", "mlp", "elman", "lstm"]))
    if kind:
        config = dotted_keys.with_value(config, "model.kind", kind)
    for key, values in (LIVE_WORDS | FIXED_WORDS).items():
        if draw(st.booleans()):
            config = dotted_keys.with_value(config, key, draw(values))
    if draw(st.booleans()):
        config = replace(config, changes=())
    for key in draw(st.lists(st.sampled_from(list(LIVE_WORDS)), max_size=4)):
        change = Change(key=key, value=draw(LIVE_WORDS[key]), step=draw(st.integers(0, 20)))
        config = recipe.with_changes(config, [change])
    return config


@given(configurations())
def test_formatted_recipe_parses_to_the_same_configuration(config: RunConfig) -> None:
    assert recipe.parse_recipe(recipe.format_recipe(config)) == config


@pytest.mark.parametrize("name", PRESETS)
def test_recipe_of_a_preset_is_its_name(name: str) -> None:
    assert recipe.format_recipe(preset_config(name)) == name


def test_plain_value_replaces_the_scheduled_changes_of_the_preset() -> None:
    config = recipe.parse_recipe("names-mlp train.learning_rate=0.2")
    assert config.changes == ()
    assert recipe.parse_recipe(recipe.format_recipe(config)) == config


def test_scheduled_decay_round_trips_in_one_line() -> None:
    line = "names-mlp train.learning_rate=0.2 train.learning_rate=0.02@500"
    config = recipe.parse_recipe(line)
    assert config.train.learning_rate == 0.2
    assert config.changes == (Change(key="train.learning_rate", value=0.02, step=500),)
    assert recipe.format_recipe(config) == line


def test_order_of_settings_does_not_matter() -> None:
    one = recipe.parse_recipe(
        "names-mlp model.hidden=30 model.kind=lstm train.clip=1@9 train.clip=2@3"
    )
    two = recipe.parse_recipe(
        "names-mlp train.clip=2@3 train.clip=1@9 model.kind=lstm model.hidden=30"
    )
    assert one == two


def test_last_change_of_a_setting_at_one_step_wins() -> None:
    config = recipe.parse_recipe("names-mlp train.clip=1@9 train.clip=2@9")
    assert [c.value for c in config.changes if c.key == "train.clip"] == [2.0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "PRESET KEY=VALUE"),
        ("'names-mlp", "PRESET KEY=VALUE"),
        ("names-mpl", "Nearest: names-mlp"),
        ("names-mlp hidden", "is not KEY=VALUE"),
        ("names-mlp =3", "is not KEY=VALUE"),
        ("names-mlp model.hiden=3", r"Nearest: model\.hidden"),
        ("names-mlp model.hidden=3@5", "cannot change during training"),
        ("names-mlp train.learning_rate=0.01@x", "the step in 'train.learning_rate=0.01@x' is not"),
        (
            "names-mlp sample.temperature=0.5@9",
            r"leave out @9\. Live settings: train\.steps, train",
        ),
        ("names-mlp sample.seed=1@0", r"sample\.seed cannot change during training"),
        ("names-mlp seed=1@5", "cannot change during training"),
        ("names-mlp model.hidden=0", "1 to 8,192"),
        ("names-mlp train.steps=5@x", "is not valid"),
        ("names-mlp data.split=80/10/20", "does not sum to 100"),
        ("names-lstm train.example=window", "use item or chunk"),
    ],
)
def test_invalid_recipe_is_rejected_in_one_line(line: str, words: str) -> None:
    with pytest.raises(RequestError, match=words) as rejection:
        recipe.parse_recipe(line)
    assert "\n" not in str(rejection.value)


def test_file_name_may_contain_an_at_sign() -> None:
    assert recipe.parse_recipe("names-mlp data.corpus=me@2.txt").data.corpus == "me@2.txt"
    assert recipe.parse_recipe("names-mlp data.corpus=me@2").data.corpus == "me@2"


def test_live_changes_accept_only_live_settings() -> None:
    config = preset_config("names-mlp")
    changes = recipe.live_changes(config, ["train.clip=off", "train.learning_rate=0.5@7"])
    assert [(c.key, c.value, c.step) for c in changes] == [
        ("train.clip", None, 0),
        ("train.learning_rate", 0.5, 7),
    ]
    for word in ("model.hidden=3", "sample.temperature=0.5", "seed=1"):
        with pytest.raises(RequestError, match=r"start of a run\. Live settings: train\.steps"):
            recipe.live_changes(config, [word])


@pytest.mark.parametrize("name", PRESETS)
def test_only_live_settings_can_be_scheduled(name: str) -> None:
    config = preset_config(name)
    for setting in dotted_keys.settings_of(config):
        word = f"{setting.key}={setting.format(dotted_keys.value_of(config, setting.key))}@7"
        if setting.key in dotted_keys.live_keys(config):
            assert recipe.apply_settings(config, [word]).changes
        elif not setting.key.startswith("data."):  # a file may have an @ in its name
            with pytest.raises(RequestError, match="leave out @7"):
                recipe.apply_settings(config, [word])


@pytest.mark.parametrize("step", ["1000000001", "9" * 5000])
def test_too_large_step_is_rejected(step: str) -> None:
    with pytest.raises(RequestError, match="allowed: 0 to 1,000,000,000") as rejection:
        recipe.parse_recipe(f"names-mlp train.learning_rate=0.1@{step}")
    assert len(str(rejection.value)) < 200
    assert (
        recipe.parse_recipe("names-mlp train.learning_rate=0.1@1000000000").changes[-1].step
        == 10**9
    )
