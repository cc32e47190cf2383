from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from seqlm.data.prepared_text import prepare
from seqlm.errors import RequestError
from seqlm.paths import corpora_dir
from seqlm.runs.directory import create, text_config
from seqlm.runs.provenance import corpus_record, make_manifest, open_text
from seqlm.runspec import recipe


def test_a_file_that_changes_while_it_is_read_is_rejected(
    small: Callable[..., str], corpus: Path
) -> None:
    config = recipe.parse_recipe(small())
    text = prepare(config.data)
    corpus.write_text(corpus.read_text() + "another\n")
    with pytest.raises(RequestError, match="changed while it was read"):
        corpus_record(config, text)
    assert not corpora_dir().exists()
    corpus.unlink()
    with pytest.raises(RequestError, match="no file"):
        corpus_record(config, text)


def test_a_stored_text_is_found_after_the_data_folder_moved(
    small: Callable[..., str], corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = recipe.parse_recipe(small())
    text = prepare(config.data)
    directory = create("made-up")
    directory.write_manifest(make_manifest(directory.name, config, corpus_record(config, text)))
    corpus.unlink()
    (tmp_path / "home").rename(tmp_path / "moved")
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path / "moved"))
    moved = create("other").path.parent / directory.name
    assert open_text(type(directory)(moved)).items == text.items


def test_the_copy_of_a_text_is_read_in_the_way_in_which_it_was_stored(
    small: Callable[..., str], corpus: Path
) -> None:
    config = recipe.parse_recipe(small())
    manifest = make_manifest("one", config, corpus_record(config, prepare(config.data)))
    copy = manifest.corpus.stored_at
    read = text_config(manifest)
    assert (read.corpus, read.encoding, read.field) == (copy, "utf-8", None)
    first_version = replace(manifest, corpus=replace(manifest.corpus, encoding=""))
    read = text_config(first_version)
    assert (read.corpus, read.encoding) == (copy, "legacy")
    not_stored = replace(manifest.corpus, stored_at=None, encoding="cp1252")
    read = text_config(replace(manifest, corpus=not_stored))
    assert (read.corpus, read.encoding) == (config.data.corpus, "cp1252")
    named = recipe.parse_recipe("names-mlp")
    assert text_config(replace(first_version, config=named)).encoding == "auto"
