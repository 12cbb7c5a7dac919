"""Run it where you read it: fences that also run in the reader's browser.

`python -m livefence.browser` brings the parts, and a build that finds them puts them
into the site. Without them the site is the same but for the buttons.
"""
