"""The text of a run: read, counted and looked into without torch."""
