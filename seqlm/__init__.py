"""Sequence language models: data, training, generation and inspection, without a screen."""
