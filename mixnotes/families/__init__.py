"""The families, one file a family or a close group of them.

A file says what is true of its family alone. It stands on `components`; no family
imports the fitting.
"""
