"""The settings of a configuration by their dotted names: read, parsed from text, set, checked."""

from functools import cache, reduce
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from msgspec import Meta
from msgspec.structs import replace

from seqlm import errors
from seqlm.configuration.model_configs import FAMILIES, ModelConfig
from seqlm.configuration.run_config import (
    DataConfig,
    RunConfig,
    SampleConfig,
    TrainConfig,
    example_of,
)
from seqlm.configuration.schema import Setting

FAMILY_KINDS: tuple[str, ...] = tuple(FAMILIES)

_KINDS = {int: "int", float: "float", bool: "bool", str: "text"}


def _facts(declared: Any) -> dict[str, Any]:
    """What the declared type of a field tells of its setting, layer by layer."""
    origin, arguments = get_origin(declared), get_args(declared)
    if origin is Annotated:
        inner, *told = arguments
        return reduce(lambda facts, meta: facts | _told(meta), told, _facts(inner))
    if origin in (Union, UnionType):
        (inner,) = (each for each in arguments if each is not NoneType)
        return _facts(inner) | {"optional": True}
    if origin is Literal:
        return {"kind": "choice", "choices": arguments}
    return {"kind": _KINDS[declared]}


def _told(meta: Meta) -> dict[str, Any]:
    """What is written beside a type: bounds, form, help, and what msgspec leaves to us."""
    bounds = {
        "minimum": meta.ge if meta.gt is None else meta.gt,
        "maximum": meta.le if meta.lt is None else meta.lt,
        "above": meta.gt is not None,
        "below": meta.lt is not None,
    }
    facts = {"help": meta.description, "pattern": meta.pattern, **bounds, **(meta.extra or {})}
    return {name: fact for name, fact in facts.items() if fact is not None and fact is not False}


@cache
def _section_settings(section: str, struct: Any) -> tuple[Setting, ...]:
    hints, usual = get_type_hints(struct, include_extras=True), struct()
    return tuple(
        Setting(
            key=f"{section}.{name}",
            default=getattr(usual, name),
            only_with=struct.only_with.get(name, ()),
            **_facts(hints[name]),
        )
        for name in struct.__struct_fields__
    )


@cache
def _seed_setting() -> Setting:
    declared = get_type_hints(RunConfig, include_extras=True)["seed"]
    return Setting(key="seed", default=0, **_facts(declared))


def settings_of(config: RunConfig) -> tuple[Setting, ...]:
    """Every setting of this configuration, in the order in which a person meets them."""
    return tuple(_by_key(type(config.model)).values())


@cache
def _by_key(family: type) -> dict[str, Setting]:
    """The settings by their names, for a model family; they are asked for at every frame."""
    kind = Setting(
        key="model.kind",
        kind="choice",
        default="mlp",
        help="the model family",
        choices=FAMILY_KINDS,
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
    """The setting called ``key``.

    Raises:
        RequestError: There is none of this name for this model family; says the nearest.
    """
    by_key = _by_key(type(config.model))
    if key in by_key:
        return by_key[key]
    where = f" of {kind_of(config.model)}" if key.startswith("model.") else ""
    raise errors.unknown(f"a setting{where}", key, by_key)


def live_keys(config: RunConfig) -> list[str]:
    """The settings that can change at a step of a training, by key.

    The live settings of sampling are none of them: each draw takes those of its own.
    """
    every = settings_of(config)
    return [setting.key for setting in every if setting.live and setting.key.startswith("train.")]


def kind_of(model: ModelConfig) -> str:
    """The name of the family that a model configuration belongs to, e.g. ``mlp``."""
    return str(type(model).__struct_config__.tag)


def value_of(config: RunConfig, key: str) -> Any:
    """The value that ``key`` has in ``config``."""
    section, _, name = find(config, key).key.rpartition(".")
    if key == "model.kind":
        return kind_of(config.model)
    return getattr(getattr(config, section) if section else config, name)


def with_value(config: RunConfig, key: str, value: Any) -> RunConfig:
    """``config`` with one setting changed to a value that :meth:`Setting.parse` gave."""
    section, _, name = find(config, key).key.rpartition(".")
    if key == "model.kind":
        return replace(config, model=_as_family(config.model, value))
    if not section:
        return replace(config, **{name: value})
    return replace(config, **{section: replace(getattr(config, section), **{name: value})})


def _as_family(model: ModelConfig, kind: str) -> ModelConfig:
    """Another family's configuration; what both have and admit keeps its value."""
    family: Any = FAMILIES[kind]
    known, had = _by_key(family), {n: getattr(model, n) for n in model.__struct_fields__}
    kept = {n: v for n, v in had.items() if (s := known.get(f"model.{n}")) and s.admits(v)}
    return cast(ModelConfig, family(**kept))


def check(config: RunConfig) -> None:
    """Hold the settings against each other.

    Raises:
        RequestError: Two settings do not go together; names both.
    """
    model, train = config.model, config.train
    config.data.check()
    model.check()
    train.check()
    if train.example == "chunk" and config.data.targets == "last":
        raise errors.RequestError(
            "train.example=chunk cuts through items, and data.targets=last needs them whole:"
            " take item or window",
            "chunk",
        )
    # Where the text decides how it is read, the learner looks again.
    mode = "lines" if config.data.mode == "auto" else config.data.mode
    if example_of(train, model.context, mode) == "chunk":
        check_drawn_chunks(config)
    if train.example == "window" and model.context is None:
        raise errors.RequestError(
            f"train.example=window needs a fixed context; {kind_of(model)} has none:"
            " take item or chunk",
            "window",
        )


def check_drawn_chunks(config: RunConfig) -> None:
    """Hold the order of chunks against what they carry.

    Raises:
        RequestError: They are to be drawn from anywhere, and to go on where others ended.
    """
    train = config.train
    carries = train.carry_state and config.model.max_tokens is None
    if carries and train.order == "replacement" and train.batch is not None:
        raise errors.RequestError(
            "train.order=replacement draws chunks from anywhere; it needs train.carry_state=false",
            "replacement",
        )
