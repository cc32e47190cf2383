"""Corpora, tokenizers, splits, n-gram counts and training batches."""
