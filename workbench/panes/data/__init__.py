"""Data pane."""
