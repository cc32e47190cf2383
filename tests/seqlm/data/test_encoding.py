import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration.data_config import check_encoding
from seqlm.data.encoding import Decoded, bytes_of, decode, decode_bytes, decode_legacy
from seqlm.errors import RequestError

_NAMES = ["José", "Zoë", "Renée", "Jürgen", "Anna", "Núria", "Chloë", "Peter", "Inês", "Lukas"]
_LATIN = "\n".join(random.Random(1).choices(_NAMES, k=421)) + "\n"
_RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастлива по-своему.\n" * 20
_POLISH = "Zażółć gęślą jaźń. Pchnąć w tę łódź jeża lub ośm skrzyń fig.\n" * 20
_FRENCH = "Où êtes-vous allés cet été, près du château où règne la forêt? Ça m'a plu, déjà.\n" * 3
_PORTUGUESE = "Não há ninguém aqui. A ação começou às três, então vamos à praça com a irmã.\n" * 3
_SPANISH = "El niño comió una manzana. ¿Dónde está mañana? Según él, la canción empezó.\n" * 3
_GERMAN = "Über die Straße gehen Mädchen. Größe und Fuß, Äpfel öffnen früh die Tür.\n" * 3
_TURKISH = "Bugün hava çok güzel. Şimdi dışarı çıkıp yürüyeceğiz, ığdır.\n" * 3
_JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n" * 20
_CHINESE = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏\n" * 20


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (_LATIN, "latin-1", "cp1252"),
        (_LATIN.replace("Anna", "“Anna”"), "cp1252", "cp1252"),
        ("anna\nbo\ncarl\n" * 30 + "José\n", "latin-1", "cp1252"),
        *((text, "cp1252", "cp1252") for text in (_FRENCH, _PORTUGUESE, _SPANISH, _GERMAN)),
        (_TURKISH, "cp1254", "cp1254"),
        (_POLISH, "cp1250", "cp1250"),
        (_RUSSIAN, "cp1251", "cp1251"),
        (_RUSSIAN, "koi8-r", "koi8-r"),
        (_JAPANESE, "cp932", "cp932"),
        (_JAPANESE, "euc_jp", "euc-jp"),
        (_CHINESE, "gb18030", "gb18030"),
        *((_CHINESE, name, f"{name}-le") for name in ("utf-16", "utf-32")),
        *((text, name, name) for text in (_CHINESE, _LATIN) for name in ("utf-16-le", "utf-16-be")),
        *((_CHINESE, name, name) for name in ("utf-32-le", "utf-32-be")),
        (_CHINESE, "utf-8", "utf-8"),
        (_LATIN, "utf-8-sig", "utf-8"),
    ],
)
def test_an_encoding_is_found(text: str, encoding: str, found: str) -> None:
    assert decode(text.encode(encoding), "notes.txt") == Decoded(text, found)


def test_a_late_character_decides_the_encoding_of_a_large_text() -> None:
    raw = b"a line of plain text\n" * 80_000 + _RUSSIAN.encode("cp1251")
    assert decode(raw, "notes.txt").encoding == "cp1251"


def test_an_encoding_can_be_set() -> None:
    raw = _POLISH.encode("cp852")
    assert decode(raw, "notes.txt", "cp852").text == _POLISH
    assert decode("José\n".encode("utf-16-be"), "notes.txt", "utf-16-be").text == "José\n"
    assert decode("José\n".encode("utf-16"), "notes.txt", "UTF-16").encoding == "utf-16-le"


@pytest.mark.parametrize("name", ["utf-9", "base64", "rot13", "idna\0", "x" * 300, "über"])
def test_an_unknown_encoding_is_rejected(name: str) -> None:
    with pytest.raises(RequestError, match="allowed: auto, or a name such as utf-8") as caught:
        check_encoding(name)
    assert str(caught.value).isprintable()


def test_bytes_that_cannot_be_decoded_are_counted() -> None:
    raw = "Zoë José Renée ".encode() * 20 + b"\xff\xfe" + "é".encode()
    assert decode(raw, "notes.txt").n_undecodable == 2
    assert decode(raw, "notes.txt").text.endswith("\ufffd\ufffdé")
    assert decode(raw[:-1], "notes.txt").n_undecodable == 3  # cut in the last character
    raw = "天地玄黄宇宙洪荒".encode("utf-16") + b"\x00"
    assert decode(raw, "notes.txt").n_undecodable == 1


def test_a_text_that_is_mostly_undecodable_is_refused() -> None:
    with pytest.raises(RequestError, match=r"is not ascii: 2\d% .* Set data\.encoding"):
        decode("éabc".encode("latin-1") * 9, "notes.txt", "ascii")
    with pytest.raises(RequestError, match="is not utf-8"):
        decode("дом".encode("cp1251"), "notes.txt", "utf-8")


def test_line_ends_marks_and_nuls_are_normalized_and_counted() -> None:
    raw = b"\xef\xbb\xbfanna\r\nbo\rcarl\n\xef\xbb\xbfdora\n" + b"emil\n" * 50 + b"fr\0ed\n"
    decoded = decode(raw, "notes.txt")
    assert decoded.text == "anna\nbo\ncarl\ndora\n" + "emil\n" * 50 + "fred\n"
    assert (decoded.n_returns, decoded.n_marks, decoded.n_nuls) == (1, 1, 1)
    assert decode(decoded.text.encode(), "notes.txt") == Decoded(decoded.text, "utf-8")


_SAMPLES = [int(8000 * ((i * 37) % 211) / 211) for i in range(4000)]


@pytest.mark.parametrize(
    "raw",
    [
        b"MThd\0\0\0\6\0\1\0\2\1\xe0MTrk" + random.Random(2).randbytes(3000),
        struct.pack("<4000h", *_SAMPLES),
        random.Random(3).randbytes(5000),
        b"\x7fELF\2\1\1" + b"\0" * 500 + b"/lib64/ld-linux" + b"\0" * 100,
    ],
)
def test_a_binary_file_is_refused_except_byte_by_byte(raw: bytes) -> None:
    with pytest.raises(RequestError, match=r"is a binary file .* data\.tokenizer=byte") as caught:
        decode(raw, "song.mid")
    assert "\n" not in str(caught.value)
    assert bytes_of(decode_bytes(raw).text) == raw


@given(st.binary(max_size=80))
def test_decoded_text_has_no_surrogate_and_its_copy_is_the_same_text(raw: bytes) -> None:
    try:
        decoded = decode(b"good text\n" * 100 + raw, "notes.txt")
    except RequestError:
        return
    assert decoded.text.count("\ufffd") >= decoded.n_undecodable
    again = decode(decoded.text.encode(), "notes.txt", "utf-8")
    assert again == Decoded(decoded.text, "utf-8")


@given(st.binary(max_size=80))
def test_bytes_beyond_text_are_kept_exactly(raw: bytes) -> None:
    raw += b"\0\xff"
    assert bytes_of(decode_bytes(raw).text) == raw


def test_runs_of_the_first_version_read_the_same_text() -> None:
    raw = b"\xef\xbb\xbfJos\xe9\r\nZo\rb\n\xef\xbb\xbf\n"
    assert decode_legacy(raw, "notes.txt") == Decoded("Jos\ufffd\nZo\rb\n\ufeff\n", "utf-8", 1)
    assert decode(raw, "notes.txt", "legacy") == decode_legacy(raw, "notes.txt")
