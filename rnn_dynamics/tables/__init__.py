"""Answers as tables: tidy frames for people, Arrow tables for the live picture."""
