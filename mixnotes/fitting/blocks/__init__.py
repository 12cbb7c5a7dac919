"""Components that are worked on together: all their log-densities, all their M-steps.

`base` is what the engine asks of a block. Only `fitting` imports these.
"""
