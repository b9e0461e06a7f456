"""What tells a thing of the user's from others: its contents and its code, never its name or place alone."""

from isthmus.identity.reader import Identity, identity_of

__all__ = ["Identity", "identity_of"]
