"""How a function's data is shown on pages."""
