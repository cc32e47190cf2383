"""Collect assets/data/names.txt from Faker's lists: python tests/tools/collect_names.py OUT."""

import importlib
import pkgutil
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from faker.providers import person

# Letters that Unicode does not take apart into a letter and an accent, as they are usually written.
_WRITTEN_AS = str.maketrans(
    {
        "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
        "ı": "i", "ə": "e", "ħ": "h", "ŋ": "ng", "ŧ": "t", "ĸ": "k",
    }
)  # fmt: skip
_NAME = re.compile("[a-z]{2,15}")


def folded(name: str) -> str:
    """A name in small letters without accents; other scripts stay as they are."""
    apart = unicodedata.normalize("NFKD", name.strip().lower().translate(_WRITTEN_AS))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def listed_names() -> Iterator[str]:
    """Every given name in every locale of Faker's person providers."""
    for locale in pkgutil.iter_modules(person.__path__):
        provider = importlib.import_module(f"{person.__name__}.{locale.name}").Provider
        for attribute in dir(provider):
            names = getattr(provider, attribute)
            if "first_name" in attribute and isinstance(names, (tuple, list, dict, set)):
                yield from (name for name in names if isinstance(name, str))


def main(path: str) -> None:
    names = {name for name in map(folded, listed_names()) if _NAME.fullmatch(name)}
    Path(path).write_text("".join(f"{name}\n" for name in sorted(names)), encoding="ascii")
    sys.stdout.write(f"{len(names):,} names\n")


if __name__ == "__main__":
    main(sys.argv[1])
