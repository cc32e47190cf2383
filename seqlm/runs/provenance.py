"""Provenance of a run: manifest, corpus record and library versions."""

import hashlib
import platform
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec
import torch
from msgspec.structs import replace

from seqlm.configuration import dotted_keys
from seqlm.configuration.data_config import LEGACY
from seqlm.configuration.run_config import RunConfig
from seqlm.data.corpus import MAX_STORED_BYTES, read_bytes_to_store, store_corpus
from seqlm.data.corpus_registry import CORPORA
from seqlm.data.prepared_text import PreparedText, prepare
from seqlm.data.split import SPLITS
from seqlm.errors import RequestError
from seqlm.paths import corpora_dir
from seqlm.protocol.events import RunCreated
from seqlm.runs.directory import CorpusRecord, Manifest, RunDirectory, text_config
from seqlm.runspec import recipe
from seqlm.training.trainer import Trainer


def open_text(directory: RunDirectory) -> PreparedText:
    """Return the prepared corpus that a run was trained on, from its stored copy if there is one.

    Raises:
        RequestError: The text has changed since.
    """
    manifest = directory.manifest()
    data, corpus = text_config(manifest), manifest.corpus
    text = prepare(data)
    if text.corpus.sha256 != corpus.sha256:
        raise RequestError(
            f"{corpus.name} is not the text that {directory.name} was trained on: its SHA-256 is"
            f" {text.corpus.sha256[:12]}, expected {corpus.sha256[:12]}; restore the original text",
            corpus.name,
        )
    return text


def describe_corpus_change(manifest: Manifest) -> str:
    """Return what has become of a file of which the run has a copy; empty if it is unchanged."""
    data, corpus = manifest.config.data, manifest.corpus
    if corpus.stored_at is None or Path(data.corpus).parent == corpora_dir():
        return ""
    try:
        raw = read_bytes_to_store(data if corpus.encoding else replace(data, encoding=LEGACY))
    except RequestError:
        change = "can no longer be read"
    else:
        if hashlib.sha256(raw).hexdigest() == corpus.sha256:
            return ""
        change = "has changed since this run was started"
    return f"{corpus.name} {change}; the run continues with its own copy of the text"


def versions() -> dict[str, str]:
    """Return the versions on which bit-for-bit reproducible losses depend."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "msgspec": msgspec.__version__,
    }


def corpus_stem(config: RunConfig) -> str:
    """Return the stem of run names: the preset, or the file and the model family."""
    path = Path(config.data.corpus)
    if path.parent == corpora_dir():
        return f"stdin-{dotted_keys.kind_of(config.model)}"
    if path.suffix or len(path.parts) > 1:
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in path.stem)[:40]
        return f"{plain.strip('-') or 'text'}-{dotted_keys.kind_of(config.model)}"
    return config.preset


def make_manifest(name: str, config: RunConfig, corpus: CorpusRecord) -> Manifest:
    """Return the content of ``run.json`` for a new run."""
    return Manifest(
        run=name,
        recipe=recipe.format_recipe(config),
        config=config,
        corpus=corpus,
        created_t=time.time(),
        versions=versions(),
    )


def created_event(name: str, trainer: Trainer) -> RunCreated:
    """Return the first event of a run."""
    text, config = trainer.text, trainer.config
    return RunCreated(
        run=name,
        recipe=recipe.format_recipe(config),
        preset=config.preset,
        n_parameters=trainer.n_parameters,
        n_vocab=text.tokenizer.n_vocab,
        n_targets={split: text.n_targets(split) for split in SPLITS},
        steps_planned=config.planned.train.steps,
        warnings=[note.text for note in text.notes if note.is_warning],
        val_in_train=None if config.data.corpus in CORPORA else round(text.val_in_train, 4),
    )


def corpus_record(
    config: RunConfig, text: PreparedText, undo: ExitStack | None = None
) -> CorpusRecord:
    """Return the corpus record, and store a copy of a user's file so that the run can resume.

    Args:
        config: The configuration that names the text.
        text: The prepared text.
        undo: Receives a callback that deletes the copy.

    Raises:
        RequestError: The file has changed since ``text`` was read; no copy is stored.
    """
    corpus, stored_at = text.corpus, None
    if config.data.corpus not in CORPORA and corpus.n_bytes <= MAX_STORED_BYTES:
        raw = read_bytes_to_store(config.data)
        if hashlib.sha256(raw).hexdigest() != corpus.sha256:
            raise RequestError(f"{corpus.name} changed while it was read; start again", corpus.name)
        stored_at = str(store_corpus(raw, undo))
    return CorpusRecord(
        name=corpus.name,
        n_bytes=corpus.n_bytes,
        sha256=corpus.sha256,
        stored_at=stored_at,
        encoding=corpus.encoding,
        n_undecodable=corpus.n_undecodable,
        val_in_train=round(text.val_in_train, 4),
    )
