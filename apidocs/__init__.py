"""The pages of `docs/reference/`: which object is on which page, and what stands there.

`python -m apidocs` writes them from the catalogue and the docstrings; a test says where
one is not what it would write. `hooks.py` adds to the site what only the build knows:
the menu, and which pages use an object.
"""
