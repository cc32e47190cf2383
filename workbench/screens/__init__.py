"""What fills the terminal: the workbench itself, its help, and the question on leaving."""
