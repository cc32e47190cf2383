"""Hint line rules, hint texts and display names of settings."""
