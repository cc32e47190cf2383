"""Lessons: every preset is in one lesson, and the lessons keep the teaching order."""

from seqlm.presets import PRESETS
from seqlm.presets.lessons import LESSONS, presets_by_lesson


def test_each_preset_is_in_one_lesson() -> None:
    names = [preset.name for _, presets in presets_by_lesson() for preset in presets]
    assert sorted(names) == sorted(PRESETS)
    titles = [title for title, _ in LESSONS]
    assert [title for title, _ in presets_by_lesson() if title not in titles] == []


def test_counts_come_before_networks_and_attention() -> None:
    names = [preset.name for _, presets in presets_by_lesson() for preset in presets]
    order = ["names-bigram", "names-mlp", "hello", "names-elman", "names-lstm", "names-transformer"]
    assert sorted(order, key=names.index) == order
