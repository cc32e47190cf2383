"""Search in the command palette: whole words first, no letters that are far apart."""

import pytest

from workbench.keyboard.command_search import search_titles

TITLES = (
    "Loss: zoom in",
    "Generate: Delete the branch; u restores it",
    "Generate: Go back one token; nothing is deleted",
    "Halve the learning rate",
    "Double the learning rate",
    "Controls: Learning-rate search on a copy of the model",
    "Train, pause or resume",
    "Zoom this pane in or out",
    "Go to Data; press again to zoom",
    "Quit",
)


def found(query: str) -> list[str]:
    return [TITLES[match.index] for match in search_titles(query, TITLES)]


def test_letters_that_are_far_apart_do_not_match() -> None:
    assert found("delete") == ["Generate: Delete the branch; u restores it"]
    assert found("dlr") == []


def test_commands_that_begin_with_the_word_come_first() -> None:
    assert found("zoom") == ["Loss: zoom in", "Zoom this pane in or out"]
    assert found("learning")[0] == "Controls: Learning-rate search on a copy of the model"
    assert found("in")[0] == "Loss: zoom in"


def test_every_word_must_match() -> None:
    assert found("halve rate") == ["Halve the learning rate"]
    assert found("halve temperature") == []


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("lr double", "Double the learning rate"),
        ("exit", "Quit"),
        ("continue", "Train, pause or resume"),
        ("remove", "Generate: Delete the branch; u restores it"),
        ("delte", "Generate: Delete the branch; u restores it"),
        ("RESUME", "Train, pause or resume"),
    ],
)
def test_other_words_and_misspelled_words_are_understood(query: str, title: str) -> None:
    assert found(query) == [title]


def test_matched_parts_are_marked() -> None:
    (match,) = search_titles("halve rate", TITLES)
    title = TITLES[match.index]
    assert [title[begin:end] for begin, end in match.spans] == ["Halve", "rate"]


@pytest.mark.parametrize("query", ["", "   ", "[", "(", "\\"])
def test_text_without_words_matches_nothing(query: str) -> None:
    assert found(query) == []
