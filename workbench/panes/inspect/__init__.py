"""Inspect pane."""
