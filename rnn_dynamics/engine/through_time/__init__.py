"""Everything that walks over the time steps."""
