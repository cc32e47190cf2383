from hypothesis import settings

# A slow machine is no broken law: no property here depends on the clock.
settings.register_profile("render", deadline=None)
settings.load_profile("render")
