"""Live settings: the typed values, their dotted keys, and the changes scheduled for later steps."""

from typing import Any, get_type_hints

import pytest

from seqlm.configuration import dotted_keys
from seqlm.configuration.model_configs import FAMILIES
from seqlm.configuration.run_config import Change, RunConfig, TrainConfig
from seqlm.protocol.events import ValueChanged
from seqlm.training.live_settings import FIELD_OF_KEY, LiveSettings, LiveSettingsSchedule

OTHER_VALUES: dict[str, Any] = {
    "train.steps": 77,
    "train.learning_rate": 0.25,
    "train.weight_decay": 0.5,
    "train.clip": 2.0,
    "train.evaluate_every": 33,
    "train.patience": 5,
    "train.pace": 12.0,
}


def schedule_of(*changes: Change, **train: Any) -> LiveSettingsSchedule:
    return LiveSettingsSchedule(
        RunConfig(preset="x", train=TrainConfig(**train), changes=tuple(changes))
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_the_fields_are_the_settings_that_the_configuration_declares_live(family: str) -> None:
    config = RunConfig(preset="x", model=FAMILIES[family]())
    assert list(FIELD_OF_KEY) == dotted_keys.live_keys(config)


def test_the_fields_have_the_types_of_the_configuration() -> None:
    declared, own = get_type_hints(TrainConfig), get_type_hints(LiveSettings)
    assert own == {name: declared[name] for name in LiveSettings.__struct_fields__}


def test_every_value_comes_from_the_configuration() -> None:
    train = TrainConfig(**{key.removeprefix("train."): v for key, v in OTHER_VALUES.items()})
    assert LiveSettings.from_config(train).by_key() == OTHER_VALUES
    assert list(LiveSettings.from_config(train).by_key()) == list(OTHER_VALUES)


@pytest.mark.parametrize("key", FIELD_OF_KEY)
def test_each_setting_is_read_and_replaced_by_its_key_alone(key: str) -> None:
    before = LiveSettings.from_config(TrainConfig())
    after = before.with_values({key: OTHER_VALUES[key]})
    assert after.value_of(key) == OTHER_VALUES[key]
    assert after.by_key() == before.by_key() | {key: OTHER_VALUES[key]}


def test_a_setting_that_is_not_live_has_no_value() -> None:
    settings = LiveSettings.from_config(TrainConfig())
    for key in ("train.batch", "model.hidden", "steps"):
        with pytest.raises(KeyError):
            settings.value_of(key)
        with pytest.raises(KeyError):
            settings.with_values({key: 1})


def test_changes_apply_in_the_order_of_their_steps() -> None:
    schedule = schedule_of(Change(key="train.clip", value=1.0, step=20))
    schedule.add(Change(key="train.pace", value=3.0, step=10), "me")
    schedule.add(Change(key="train.clip", value=2.0, step=20), "me")
    assert not schedule.is_due(9)
    assert schedule.is_due(10)
    applied = []
    while schedule.is_due(20):
        (change, command_id), old = schedule.apply_next()
        applied.append((change.key, old, change.value, command_id))
    assert applied == [
        ("train.pace", None, 3.0, "me"),
        ("train.clip", None, 1.0, None),
        ("train.clip", 1.0, 2.0, "me"),
    ]
    assert (schedule.current.clip, schedule.current.pace) == (2.0, 3.0)


def test_settings_at_a_step_include_the_changes_due_by_then_and_apply_none() -> None:
    schedule = schedule_of(
        Change(key="train.clip", value=1.0, step=5), Change(key="train.clip", value=2.0, step=9)
    )
    assert [schedule.settings_at(step).clip for step in (4, 5, 8, 9)] == [None, 1.0, 1.0, 2.0]
    assert schedule.current.clip is None
    assert len(schedule.scheduled) == 2


def test_a_logged_change_is_scheduled_as_it_was_applied() -> None:
    schedule = schedule_of()
    schedule.add_logged(ValueChanged(step=7, key="train.clip", old=None, new=0.5, command_id="me"))
    ((change, command_id),) = schedule.scheduled
    assert (change, command_id) == (Change(key="train.clip", value=0.5, step=7), "me")


def test_the_final_step_includes_the_changes_that_come_before_it() -> None:
    schedule = schedule_of(steps=30)
    schedule.add(Change(key="train.steps", value=50, step=30), None)
    schedule.add(Change(key="train.steps", value=90, step=60), None)
    assert schedule.final_step == 50
    assert schedule.has_change_of("train.steps")
    assert not schedule.has_change_of("train.clip")


def test_a_setting_that_a_checkpoint_does_not_have_keeps_its_value() -> None:
    schedule = schedule_of(Change(key="train.clip", value=1.0, step=5), weight_decay=0.5)
    schedule.restore({"train.steps": 12, "train.of_another_version": 1}, [])
    assert (schedule.current.steps, schedule.current.weight_decay) == (12, 0.5)
    assert schedule.scheduled == []
