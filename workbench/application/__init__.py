"""The Textual app: wiring, lifecycle, commands, start-up."""
