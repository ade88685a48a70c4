"""Pages of people and accounts: parse, call one service, render."""
