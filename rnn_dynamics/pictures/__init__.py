"""Pictures: for each one folder with its numbers, tables, chart and words."""
