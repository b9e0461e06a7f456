"""Examples of a certificate, apart from those that chose what it certifies."""

import torch

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.trees import tensors

MOST_SHARED = 0.01  # of the certificate's examples: known sets hold a few images twice; they are left out


def other_examples(certify: Examples, select: Examples) -> tuple[Examples, list[str]]:
    """The examples of the certificate without those that stand among the ones of the choice too.

    Args:
        certify: Of the certificate.
        select: Of the choice.

    Returns:
        The examples, and what was left out in words.

    Raises:
        InputError: More than one in a hundred does.
    """
    shared = set(certify.numbers_shared_with(select))
    if len(shared) > MOST_SHARED * len(certify):
        raise InputError(
            "other examples for the certificate than for the choice",
            f"{len(shared)} of the {len(certify)} examples of {certify.name} also in {select.name}",
            "--certify-on (certify_on= in Python)",
            "split the data: digits:test[0:250] to choose, digits:test[250:500] to certify",
        )
    if not shared:
        return certify, []
    kept = torch.tensor([number for number in range(len(certify)) if number not in shared])
    note = f"{len(shared)} of the {len(certify)} examples of {certify.name} stand in {select.name} too: left out"
    return certify.take(kept.to(tensors(certify.inputs)[0].device)), [note]
