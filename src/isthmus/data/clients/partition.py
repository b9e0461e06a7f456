"""A client's part of the data, as a specification writes it."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from isthmus.errors import InputError, UnknownNameError

DealingRule = Literal["iid", "dirichlet", "mixture", "classes", "shards", "natural"]
NAMED_RULES: tuple[DealingRule, ...] = get_args(DealingRule)[1:]
WHOLE_RULES = ("classes", "shards")

NATURAL = "writers"
"""The people whose examples belong together: those who wrote MNIST's digits."""

ShiftKind = Literal["rotation", "colour", "blur", "inversion"]
ClientShift = Literal["", ShiftKind, "mixed"]
SHIFTS: tuple[ClientShift, ...] = (*get_args(ShiftKind), "mixed")
"""How the images of one client may differ from those of another (`isthmus.data.clients.shift`)."""

RULE_OPTIONS: tuple[str, ...] = (*NAMED_RULES, "shift")
CLIENT_OPTIONS = ("client", *RULE_OPTIONS, "seed")
"""The options that choose the part of one client; every source of data takes them."""

CLIENT_FORM = "client=K/N[,dirichlet=A|mixture=A|classes=C|shards=S|natural=writers][,shift=KIND][,seed=S]"


@dataclass(frozen=True)
class ClientPartition:
    """How examples are dealt out to clients: every example to exactly one of them.

    Attributes:
        num_clients: N.
        rule: "iid": at random, equal sizes; "dirichlet": every class in Dirichlet shares; "mixture": every client a
            Dirichlet mixture of classes, equal sizes; "classes": a few classes a client; "shards": a few runs of the
            examples sorted by class; "natural": whole writers. `isthmus.data.clients.dealing` has each of them.
        amount: The concentration A of "dirichlet" and "mixture", the number of "classes" or of "shards" a client has;
            0 for the others.
        seed: Another seed, another partition.
        shift: One of `SHIFTS`, if the images of each client are changed in its own way; "" if they stay as they are.
    """

    num_clients: int
    rule: DealingRule = "iid"
    amount: float = 0.0
    seed: int = 0
    shift: ClientShift = ""

    @property
    def text(self) -> str:
        """The rule and the shift as a specification writes them, such as "dirichlet=0.1" or "iid,shift=blur"."""
        amount = NATURAL if self.rule == "natural" else f"{self.amount:g}"
        rule = "iid" if self.rule == "iid" else f"{self.rule}={amount}"
        return f"{rule},shift={self.shift}" if self.shift else rule


@dataclass(frozen=True)
class Client:
    """One client of a partition.

    Attributes:
        number: From 0 to N - 1.
        partition: All of them.
    """

    number: int
    partition: ClientPartition


def partition_of(text: str, num_clients: int, seed: int, where: str) -> ClientPartition:
    """The partition that a rule in words, a number of clients and a seed make.

    Args:
        text: Such as "iid", "dirichlet=0.1" or "classes=2,shift=blur": what a specification has beside client=K/N.
        num_clients: N.
        seed: From 0.
        where: What to name in a message.

    Returns:
        All clients' partition.

    Raises:
        UnknownNameError: There is no such rule.
        InputError: The text is no rule, or a number is out of range.

    Example:
        >>> partition_of("dirichlet=0.1", 20, 3, "here")
        ClientPartition(num_clients=20, rule='dirichlet', amount=0.1, seed=3, shift='')
    """
    if num_clients < 1:
        raise InputError("at least one client", str(num_clients), where, "write 2 or more")
    items = text.split(",")
    options: dict[str, str] = {}
    for name, _, value in (item.partition("=") for item in items if item != "iid"):
        if name not in RULE_OPTIONS:
            raise UnknownNameError("a rule", name, ("iid", *RULE_OPTIONS), where)
        if name in options or not value:
            raise InputError("each rule once, as rule=value", repr(name), where, "write dirichlet=0.1")
        options[name] = value
    if "iid" in items and items.count("iid") + len(options.keys() - {"shift"}) > 1:
        raise InputError("one rule", repr(text), where, "write iid alone or with a shift: iid,shift=rotation")
    client = client_of({"client": f"0/{num_clients}", "seed": str(seed), **options}, where)
    assert client is not None, "the options name a client"
    return client.partition


def client_of(options: Mapping[str, str], where: str) -> Client | None:
    """The client that the options of a specification ask for.

    Args:
        options: Options by name, as written; those that say nothing of clients are passed over.
        where: What to name in a message.

    Returns:
        The client; None where no option asks for one.

    Raises:
        UnknownNameError: There is no such shift, or no such natural clients.
        InputError: The client is not one of N, there are two rules, a rule or a seed stands without a client, or a
            number is out of range.

    Example:
        >>> client_of({"client": "0/2", "dirichlet": "0.1"}, "here")
        Client(number=0, partition=ClientPartition(num_clients=2, rule='dirichlet', amount=0.1, seed=0, shift=''))
    """
    asked = [name for name in CLIENT_OPTIONS if name in options]
    if not asked:
        return None
    if "client" not in options:
        raise InputError("client=K/N with it", f"{asked[0]} alone", where, f"write {CLIENT_FORM}")
    match = re.fullmatch(r"(\d+)/(\d+)", options["client"], flags=re.ASCII)
    number, num_clients = (int(match[1]), int(match[2])) if match else (0, 0)
    if number >= num_clients:
        raise InputError(
            "client=K/N, the number K of one of N clients, from 0",
            f"client={options['client']}",
            where,
            "write client=0/2 for the first of two",
        )
    rules = [rule for rule in NAMED_RULES if rule in options]
    if len(rules) > 1:
        raise InputError("one rule", " and ".join(rules), where, f"write {CLIENT_FORM}; without a rule it is i.i.d.")
    seed = options.get("seed", "0")
    if not re.fullmatch(r"\d+", seed, flags=re.ASCII):
        raise InputError("a whole number from 0", f"seed={seed}", where, "write seed=1")
    rule: DealingRule = rules[0] if rules else "iid"
    amount = _amount(rule, options[rule], where) if rules else 0.0
    return Client(number, ClientPartition(num_clients, rule, amount, int(seed), _shift(options.get("shift"), where)))


def _shift(text: str | None, where: str) -> ClientShift:
    if text is None:
        return ""
    found = [shift for shift in SHIFTS if shift == text]
    if not found:
        raise UnknownNameError("a shift", text, SHIFTS, where)
    return found[0]


def _amount(rule: DealingRule, text: str, where: str) -> float:
    if rule == "natural":
        if text != NATURAL:
            raise UnknownNameError("natural clients", text, (NATURAL,), where)
        return 0.0
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if rule in WHOLE_RULES:
        if not re.fullmatch(r"[1-9]\d*", text, flags=re.ASCII):
            raise InputError(f"a number of {rule}, at least 1", f"{rule}={text}", where, f"write {rule}=2")
    elif not (math.isfinite(amount) and amount > 0):
        raise InputError("a finite concentration above 0", f"{rule}={text}", where, f"write {rule}=0.1")
    return amount
