"""The claims that can be reproduced: every module of `isthmus.experiments.claims`. Nothing here imports torch."""

import pkgutil
from functools import cache
from importlib import import_module

from isthmus.errors import UnknownNameError
from isthmus.experiments import claims
from isthmus.experiments.reproduction.claim import Claim

EVERY = "all"


@cache
def known_claims() -> dict[str, Claim]:
    """Every claim by its name, in the order of the paper: figures first, the appendix last.

    Returns:
        Name -> claim.
    """
    modules = [import_module(f"{claims.__name__}.{found.name}") for found in pkgutil.iter_modules(claims.__path__)]
    found: list[Claim] = sorted((module.CLAIM for module in modules), key=lambda claim: (claim.figure, claim.name))
    return {claim.name: claim for claim in found}


def chosen_claims(names: list[str]) -> list[Claim]:
    """The claims that the user means.

    Args:
        names: Of claims; "all" for every one.

    Returns:
        The claims, in the order given.

    Raises:
        UnknownNameError: There is no such claim.
    """
    known = known_claims()
    for name in names:
        if name != EVERY and name not in known:
            raise UnknownNameError("a claim", name, [*known, EVERY], "isthmus reproduce", "--list shows them")
    return [known[name] for name in dict.fromkeys(known if EVERY in names else names)]
