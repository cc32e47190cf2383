"""One run as a screen knows it: its worker, its log, and what is folded from it."""
