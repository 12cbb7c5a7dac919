"""Questions asked of fits: how many components, how sure, what else could it be.

It calls `em` many times and compares. It stands on `fitting`; only `plot` and
the public names import it.
"""
