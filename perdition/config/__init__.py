"""Configuration: every option once, in one table (settings.py), and the places that values come from."""
