"""Fixtures of the tests of ``seqlm.worker``."""

from run_fixtures import corpus, own_home, small, spawn

__all__ = ["corpus", "own_home", "small", "spawn"]
