"""EM: what the caller gave becomes rows, a start, steps, and a `Fit`.

Read `em` first, then `climb`, which makes steps from one start until an end is near,
and `engine`, which makes one. It stands on `families` and all below; `study` and
`sklearn` import it.
"""
