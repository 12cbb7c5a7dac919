"""The parts of `approximate`: from a density of any form to a Gaussian mixture near it.

`forms`, `panels` and `target` read the density, `line` and `plane` are where it lies,
`search` grows a mixture by the steps of `descent`, and `distance` and `certificate`
say how far it is.
"""
