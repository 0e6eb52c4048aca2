"""A network of the reader's own: its weights read, its gradient found, and what would change it tried."""
