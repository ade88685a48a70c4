"""Dependencies installed in a build sandbox, cached by content."""
