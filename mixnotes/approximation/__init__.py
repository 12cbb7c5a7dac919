"""From a density of any form, and a tolerance, to a Gaussian mixture and its error.

`forms`, `panels` and `target` read the density, `line` and `plane` are where it lies,
`search` grows a mixture by the steps of `descent`, and `distance` and `certificate`
say how far it is. It stands on `fitting`; `plot` and the public names import it.
"""
