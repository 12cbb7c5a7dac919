"""What the caller gave becomes rows, once: checked, compressed, or read in blocks.

Arrays, frames, mappings, streams, intervals and gaps come in here. It stands on
`numeric`; every other folder may import it.
"""
