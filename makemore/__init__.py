"""makemore takes lists of names and makes more names like them."""

__version__ = "0.1.0"
