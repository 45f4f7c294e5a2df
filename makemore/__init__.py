"""makemore takes lists of names and makes more names like them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from makemore.inference.loading import load

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    # torch and all else take seconds to import: a command that needs none of it is quick.
    if name == "load":
        from makemore.inference.loading import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
