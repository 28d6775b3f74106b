"""Whole-screen views and dialogs, one a file."""
