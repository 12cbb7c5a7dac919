"""Numerical methods without statistics: searches, special functions, covariances.

They see arrays and functions of them, never a component. Every folder may import this
one; it imports numpy alone.
"""
