"""The keyboard: what was typed, the keys of everywhere, and what keys, numbers and signs are called."""
