"""Test events: the catalogue of sources, saved events, expectations, run-all.

An event is a payload for one function. The catalogue is plain data and code.
"""
