"""Terminal: capabilities, driver, input parser, frame diff, signals, clipboard."""
