"""EM: what the caller gave becomes rows, a start, steps, and a `Fit`.

Read `em` first, then `engine`, which makes a step. It stands on `families` and all
below; `study` and `sklearn` import it.
"""
