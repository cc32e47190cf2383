"""The generated documentation is up to date, and every page that is linked exists."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tools"))

from write_docs import pages  # noqa: E402  (found through the line above)

PAGES = [
    ROOT / "README.md",
    ROOT / "seqlm" / "README.md",
    ROOT / "workbench" / "README.md",
    *sorted((ROOT / "assets" / "docs").glob("*.md")),
]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", pages(), ids=name_of)
def test_generated_parts_are_up_to_date(path: Path) -> None:
    assert path.read_text() == pages()[path], "run: python tests/tools/write_docs.py"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_linked_pages_exist(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        assert target.startswith("http") or (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_page_names_a_path_of_one_machine(path: Path) -> None:
    assert not re.search(r"/work/|/tmp/|shared/", path.read_text())
