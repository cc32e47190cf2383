"""The settings of a configuration by their dotted names: read, parsed from text, set, checked."""

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from msgspec import inspect
from msgspec.structs import replace

from seqlm import errors
from seqlm.config import DataConfig, RunConfig, SampleConfig, TrainConfig
from seqlm.families import ModelConfig
from seqlm.family import Needed
from seqlm.setting import Setting

_FAMILIES: dict[str, type[Any]] = {
    str(family.__struct_config__.tag): family for family in get_args(ModelConfig)
}
FAMILY_KINDS: tuple[str, ...] = tuple(_FAMILIES)


@dataclass
class _Found:
    """What the layers of a field's declared type have told so far."""

    kind: Any = "text"
    optional: bool = False
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)


def _read_type(declared: inspect.Type, found: _Found) -> _Found:
    match declared:
        case inspect.Metadata(type=inner, extra_json_schema=schema, extra=extra):
            found.facts |= extra or {}
            if schema:
                found.facts.setdefault("help", schema["description"])
            return _read_type(inner, found)
        case inspect.UnionType(types=types):
            found.optional = True
            return _read_type(next(t for t in types if not isinstance(t, inspect.NoneType)), found)
        case inspect.IntType() | inspect.FloatType():
            found.kind = "int" if isinstance(declared, inspect.IntType) else "float"
            found.facts |= {
                "minimum": declared.ge if declared.gt is None else declared.gt,
                "maximum": declared.le if declared.lt is None else declared.lt,
                "above": declared.gt is not None,
                "below": declared.lt is not None,
            }
        case inspect.BoolType():
            found.kind = "bool"
        case inspect.LiteralType():
            found.kind = "choice"
        case inspect.StrType(pattern=str(pattern)):
            found.facts["pattern"] = pattern
    return found


def _words(hint: Any) -> tuple[str, ...]:
    """The words of a ``Literal`` in the order in which they were declared."""
    return get_args(hint) if get_origin(hint) is Literal else _words(get_args(hint)[0])


def _setting(key: str, field: inspect.Field, hint: Any, needed: Needed | None) -> Setting:
    found = _read_type(field.type, _Found())
    choices = _words(hint) if found.kind == "choice" else ()
    return Setting(
        key=key,
        kind=found.kind,
        default=field.default,
        choices=choices,
        optional=found.optional,
        only_with=needed,
        **found.facts,
    )


@cache
def _section_settings(section: str, struct: Any) -> tuple[Setting, ...]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    hints = get_type_hints(struct, include_extras=True)
    return tuple(
        _setting(f"{section}.{f.name}", f, hints[f.name], struct.only_with.get(f.name))
        for f in info.fields
    )


@cache
def _seed_setting() -> Setting:
    found = _read_type(
        inspect.type_info(get_type_hints(RunConfig, include_extras=True)["seed"]), _Found()
    )
    return Setting(key="seed", kind=found.kind, default=0, **found.facts)


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


def steerable(config: RunConfig) -> list[str]:
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
    family: Any = _FAMILIES[kind]
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
    carries = train.example == "chunk" and train.carry_state and model.max_tokens is None
    if carries and train.order == "replacement":
        raise errors.RequestError(
            "train.order=replacement draws chunks from anywhere; it needs train.carry_state=false",
            "replacement",
        )
    if train.example == "window" and model.context is None:
        raise errors.RequestError(
            f"train.example=window needs a fixed context; {kind_of(model)} has none:"
            " take item or chunk",
            "window",
        )
