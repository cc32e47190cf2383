"""Rendering of numbers, text and charts as terminal cells, by pure functions."""
