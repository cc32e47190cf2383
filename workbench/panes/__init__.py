"""The panes of the workbench, and their base class."""
