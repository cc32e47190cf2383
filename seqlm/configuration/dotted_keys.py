"""Settings by dotted key: lookup, reading, changing and cross-checks."""

from functools import cache, reduce
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from msgspec import Meta
from msgspec.structs import replace

from seqlm import errors
from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import FAMILIES, ModelConfig
from seqlm.configuration.run_config import RunConfig, SampleConfig, TrainConfig, example_of
from seqlm.configuration.schema import Setting
from seqlm.configuration.unknown_setting import unknown_setting

_KINDS = {int: "int", float: "float", bool: "bool", str: "text"}


def _setting_fields(declared: Any) -> dict[str, Any]:
    """Return the fields of :class:`Setting` that the type of a declaration gives."""
    origin, arguments = get_origin(declared), get_args(declared)
    if origin is Annotated:
        inner, *metas = arguments
        return reduce(
            lambda fields, meta: fields | _meta_fields(meta), metas, _setting_fields(inner)
        )
    if origin in (Union, UnionType):
        (inner,) = (each for each in arguments if each is not NoneType)
        return _setting_fields(inner) | {"is_optional": True}
    if origin is Literal:
        return {"kind": "choice", "choices": arguments}
    return {"kind": _KINDS[declared]}


def _meta_fields(meta: Meta) -> dict[str, Any]:
    """Return the bounds, pattern, help and extra fields of a type annotation."""
    bounds = {
        "minimum": meta.ge if meta.gt is None else meta.gt,
        "maximum": meta.le if meta.lt is None else meta.lt,
        "excludes_minimum": meta.gt is not None,
        "excludes_maximum": meta.lt is not None,
    }
    fields = {"help": meta.description, "pattern": meta.pattern, **bounds, **(meta.extra or {})}
    return {k: value for k, value in fields.items() if value is not None and value is not False}


@cache
def _section_settings(section: str, struct: Any) -> tuple[Setting, ...]:
    hints, defaults = get_type_hints(struct, include_extras=True), struct()
    return tuple(
        Setting(
            key=f"{section}.{name}",
            default=getattr(defaults, name),
            conditions=struct.conditions.get(name, ()),
            **_setting_fields(hints[name]),
        )
        for name in struct.__struct_fields__
    )


@cache
def _seed_setting() -> Setting:
    declared = get_type_hints(RunConfig, include_extras=True)["seed"]
    return Setting(key="seed", default=0, **_setting_fields(declared))


def settings_of(config: RunConfig) -> tuple[Setting, ...]:
    """Return all settings of a configuration, in the order of the Controls pane."""
    return tuple(_by_key(type(config.model)).values())


@cache
def _by_key(family: type) -> dict[str, Setting]:
    """Return the settings of a model family by key; cached, as every frame uses them."""
    kind = Setting(
        key="model.kind",
        kind="choice",
        default="mlp",
        help="Model family: the architecture of the model",
        choices=tuple(FAMILIES),
    )
    every = (
        *_section_settings("data", DataConfig),
        kind,
        *_section_settings("model", family),
        *_section_settings("train", TrainConfig),
        *_section_settings("sample", SampleConfig),
        _seed_setting(),
    )
    return {setting.key: setting for setting in every}


def find(config: RunConfig, key: str) -> Setting:
    """Return the setting with a dotted key.

    Raises:
        RequestError: This model family has no such setting; names the setting that was meant.
    """
    by_key = _by_key(type(config.model))
    if key in by_key:
        return by_key[key]
    raise unknown_setting(key, by_key, type(config.model))


def with_family_of(config: RunConfig, key: str) -> RunConfig:
    """Return ``config``, or if its model has no setting ``key``, with a family that has it."""
    families = (family for family in FAMILIES.values() if key in _by_key(family))
    if key in _by_key(type(config.model)) or (family := next(families, None)) is None:
        return config
    return replace(config, model=cast(ModelConfig, family()))


def live_keys(config: RunConfig) -> list[str]:
    """Return the keys of the settings that can change during training.

    Sampling settings are not included: each sampling request has its own.
    """
    every = settings_of(config)
    return [
        setting.key for setting in every if setting.is_live and setting.key.startswith("train.")
    ]


def kind_of(model: ModelConfig) -> str:
    """Return the name of the family of a model configuration, e.g. ``mlp``."""
    return str(type(model).__struct_config__.tag)


def value_of(config: RunConfig, key: str) -> Any:
    """Return the value of ``key`` in ``config``."""
    section, _, name = find(config, key).key.rpartition(".")
    if key == "model.kind":
        return kind_of(config.model)
    return getattr(getattr(config, section) if section else config, name)


def with_value(config: RunConfig, key: str, value: Any) -> RunConfig:
    """Return ``config`` with one setting changed to a value from :meth:`Setting.parse`."""
    section, _, name = find(config, key).key.rpartition(".")
    if key == "model.kind":
        return replace(config, model=_as_family(config.model, value))
    if not section:
        return replace(config, **{name: value})
    return replace(config, **{section: replace(getattr(config, section), **{name: value})})


def _as_family(model: ModelConfig, kind: str) -> ModelConfig:
    """Return the configuration of another family; shared settings keep their values if allowed."""
    family: Any = FAMILIES[kind]
    known, had = _by_key(family), {n: getattr(model, n) for n in model.__struct_fields__}
    kept = {n: v for n, v in had.items() if (s := known.get(f"model.{n}")) and s.is_allowed(v)}
    return cast(ModelConfig, family(**kept))


def check(config: RunConfig) -> None:
    """Check that the settings are compatible with each other.

    Raises:
        RequestError: Two settings are incompatible; names both.
    """
    model, train = config.model, config.train
    config.data.check()
    model.check()
    train.check()
    if train.example == "chunk" and config.data.targets == "last":
        raise errors.RequestError(
            "train.example=chunk splits items, and data.targets=last needs whole items;"
            " use item or window",
            "chunk",
        )
    # The text decides in mode auto; the train step repeats this check then.
    mode = "lines" if config.data.mode == "auto" else config.data.mode
    if example_of(train, model.context, mode) == "chunk":
        check_chunk_order(config)
    if train.example == "window" and model.context is None:
        raise errors.RequestError(
            f"train.example=window needs a fixed context; {kind_of(model)} has none;"
            " use item or chunk",
            "window",
        )


def check_chunk_order(config: RunConfig) -> None:
    """Check that chunks that carry a hidden state are not sampled in random order.

    Raises:
        RequestError: The order of the chunks is random, and each carries the state of another.
    """
    train = config.train
    carries_state = train.carry_state and config.model.max_tokens is None
    if carries_state and train.order == "replacement" and train.batch is not None:
        raise errors.RequestError(
            "train.order=replacement samples chunks at random; it needs train.carry_state=false",
            "replacement",
        )
