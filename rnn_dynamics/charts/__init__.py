"""Pictures: tables in, Altair charts out. A chart computes nothing but where to draw."""
