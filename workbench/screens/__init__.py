"""Screens: the main screen, help, log, open, learning-rate search and the question on exit."""
