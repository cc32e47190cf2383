import contextlib
import math
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from seqlm.protocol import codec
from seqlm.protocol.codec import MessageError
from seqlm.protocol.commands import Command, Start
from seqlm.protocol.events import Event, StepsDone
from seqlm.protocol.queries import Answer, Query

UNIONS: dict[str, Any] = {"event": Event, "command": Command, "query": Query, "answer": Answer}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53)


def values_of(declared: inspect.Type) -> st.SearchStrategy[Any]:
    """Values of a field's type, as msgspec declares it."""
    match declared:
        case inspect.StrType():
            return TEXT
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType(ge=ge, le=le):
            return st.integers(-(2**63) if ge is None else ge, 2**64 - 1 if le is None else le)
        case inspect.FloatType(ge=ge, le=le):
            return st.floats(ge, le, allow_nan=False)
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType(values=values):
            return st.sampled_from(list(values))
        case inspect.AnyType():
            return st.none() | st.booleans() | TEXT | NUMBERS.filter(math.isfinite)
        case inspect.ListType(item_type=item, min_length=min_length):
            return st.lists(values_of(item), min_size=min_length or 0, max_size=3)
        case inspect.NamedTupleType(cls=cls, fields=fields):
            return st.builds(cls, **{field.name: values_of(field.type) for field in fields})
        case inspect.TupleType(item_types=items):
            return st.tuples(*map(values_of, items))
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(values_of(key), values_of(value), max_size=3)
        case inspect.UnionType(types=types):
            return st.one_of(*map(values_of, types))
        case inspect.StructType(cls=cls, fields=fields):
            made = {field.name: values_of(field.type) for field in fields}
            return st.builds(cls, **made)
    raise NotImplementedError(declared)


def messages_of(name: str) -> st.SearchStrategy[Any]:
    return values_of(inspect.type_info(UNIONS[name]))


@pytest.mark.parametrize("name", UNIONS)
@settings(max_examples=30)
@given(data=st.data())
def test_every_message_survives_the_way_there_and_back(name: str, data: st.DataObject) -> None:
    message = data.draw(messages_of(name))
    line = codec.encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert codec.decode(line, codec.decoder(UNIONS[name])) == message


def steps_done(losses: list[float]) -> StepsDone:
    return StepsDone(
        first_step=1, losses=losses, learning_rate=0.1, train_s=1.0, cpu_s=1.0, n_tokens=5
    )


def test_what_is_not_finite_is_spelled_out_and_read_back() -> None:
    line = codec.encode(steps_done([math.nan, math.inf, -math.inf, 1.5]))
    assert b'"losses":["nan","inf","-inf",1.5]' in line
    back = codec.decode(line, codec.decoder(Event)).losses
    assert math.isnan(back[0])
    assert back[1:] == [math.inf, -math.inf, 1.5]


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_a_loss_keeps_each_bit_of_its_float32(losses: list[float]) -> None:
    line = codec.encode(steps_done(codec.float32_digits(losses)))
    back = codec.decode(line, codec.decoder(Event)).losses
    assert [struct.pack("f", x) for x in back] == [struct.pack("f", x) for x in losses]


@pytest.mark.parametrize("name", UNIONS)
@given(line=st.binary(max_size=200))
def test_garbage_is_no_message(name: str, line: bytes) -> None:
    with pytest.raises(MessageError) as refused:
        codec.decode(line, codec.decoder(UNIONS[name]))
    assert "\n" not in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)


@pytest.mark.parametrize("name", UNIONS)
@settings(max_examples=30)
@given(data=st.data())
def test_fields_of_any_type_are_a_message_or_refused_but_never_a_crash(
    name: str, data: st.DataObject
) -> None:
    message = msgspec.to_builtins(data.draw(messages_of(name)))
    message[data.draw(st.sampled_from(list(message)))] = data.draw(JSON)
    try:
        line = msgspec.json.encode(message)
    except (OverflowError, msgspec.EncodeError):
        return  # a number that this writer has no JSON for
    with contextlib.suppress(MessageError):
        codec.decode(line, codec.decoder(UNIONS[name]))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"null",
        b'{"kind": "Nothing", "id": "1"}',
        b'{"kind": "Pause"}',
        b'{"kind": "Pause", "id": "\xff"}',
        b"[" * 100_000,
        b'{"kind": "SetValue", "id": "1", "key": "k", "value": ' + b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_command_is_refused(line: bytes) -> None:
    with pytest.raises(MessageError, match=r"not valid JSON|expected|lacks|not allowed"):
        codec.decode(line, codec.decoder(Command))


def test_no_two_messages_that_meet_on_a_line_share_a_name() -> None:
    for meeting in (Command | Query, Answer | Event):
        kinds = [member.__name__ for member in meeting.__args__]
        assert len(kinds) == len(set(kinds))


def test_for_a_person_what_is_not_finite_is_null() -> None:
    assert codec.as_json({"loss": math.nan}) == b'{"loss":null}'


def test_text_that_is_no_unicode_is_refused_in_words() -> None:
    with pytest.raises(MessageError, match="Unicode"):
        codec.encode(Start(id="1", recipe="\udcff"))
