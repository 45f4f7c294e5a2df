"""The steps that commands and flows are made of: paths and numbers in, paths and numbers out.

A step that writes to a home is called by whoever holds it (`makemore.home.holding`): a command or a flow.
"""
