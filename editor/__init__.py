"""Workspaces: trees of files being edited, and what works on them.

A function's draft is one workspace, a SAM application another; the editor
knows only trees of files and never asks what they are for.
"""
