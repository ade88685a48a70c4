// Loaded on every page: htmx, Bootstrap's behaviours, the theme switch.
import "bootstrap";
export {};
