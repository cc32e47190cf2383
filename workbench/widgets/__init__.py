"""Panes of the workbench: each shows one thing and posts messages about what a person asks."""
