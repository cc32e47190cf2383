"""Shared setup of the tests. Torch uses one thread: more threads slow small models down."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
