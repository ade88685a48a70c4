"""Installs a function's dependencies in a sandbox of its own.

The package manager runs as nobody, without the host's network: the one way
out is a proxy of ours that connects to package registries and nothing else.
It knows no rows and no channels; `runner.builds` does.
"""
