"""Corpus of a run: loading, preview with counts, and novelty of generated text, without torch."""
