"""The best mixing distribution of a family, and what no mixture of it can exceed.

`forms` says how log p(x) changes as a blank moves, `members` which family has which
form, `tracks` gives the members of a class coordinates; `search` finds the best mixing
distribution, `bounds` proves that no other is above by more than a number. It stands
on `families`; a `Fit` asks it for its ceiling.
"""
