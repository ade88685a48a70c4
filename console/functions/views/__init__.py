"""Pages of functions and the JSON API of the function page."""
