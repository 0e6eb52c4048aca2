"""What all tests share: examples that are the same on every machine and in every run."""

from hypothesis import settings

settings.register_profile("same_everywhere", max_examples=25, deadline=None, derandomize=True, database=None)
settings.load_profile("same_everywhere")
