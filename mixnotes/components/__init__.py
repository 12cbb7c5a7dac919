"""What a component is, and what all of them share; a mixture is one of them.

Read `component` first, to write one of your own. It stands on `data` and `numeric`;
`families` and all above it import this.
"""
