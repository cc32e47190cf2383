"""The terminal workbench: a screen on which small language models are watched while they train."""
