"""What the tests of the core share. Torch works on one core: more of them make small models slow."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
