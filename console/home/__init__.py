"""The dashboard, search, template tags and management commands."""
