"""Widgets: rows of text, option lists, text field, header, hint line, tabs and footer."""
