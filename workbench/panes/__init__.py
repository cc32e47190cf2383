"""The four places of the workbench, and what they have in common."""
