"""Themes and colours that can be read on any terminal."""
