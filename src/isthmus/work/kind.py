"""What a worker computes with, as far as it can change the last bit of a result."""

import os
import platform
import socket
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from isthmus.errors import InputError, IsthmusWarning

OPTION = "--ray (ray= in Python)"
CPU_INFO = Path("/proc/cpuinfo")
# Libraries choose their kernels by the maker and by these; the widest sum in another order than the others.
INSTRUCTIONS = (
    "avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "avx_vnni",
    "amx_tile", "amx_bf16", "amx_int8", "asimd", "bf16", "sve", "sve2",
)  # fmt: skip


def kind_of_worker() -> dict[str, str]:
    """What has to be equal where results are to be equal to the byte.

    Returns:
        In words: versions of isthmus, torch and Python, the processor's instructions, and the device.
    """
    import torch

    facts = _cpu_facts()
    used = [name for name in INSTRUCTIONS if name in facts.get("flags", facts.get("Features", "")).split()]
    capability = torch.backends.cpu.get_cpu_capability()  # what torch makes of them, which a person may lower
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    return {
        "isthmus": version("isthmus"),
        "torch": torch.__version__,
        "Python": platform.python_version(),
        "system": f"{sys.platform} {platform.machine()}",
        "instructions": " ".join([facts.get("vendor_id", "unknown maker"), capability, *used]),
        "accelerator": gpu,
    }


def place_of_worker() -> str:
    """Where a worker is, in words: process, host, and the processor's name, which may change no bit."""
    return f"process {os.getpid()} on {socket.gethostname()} ({_cpu_facts().get('model name', platform.machine())})"


def other_kind(ours: dict[str, str], theirs: dict[str, str]) -> str:
    """In what a worker differs.

    Args:
        ours: Of this process.
        theirs: Of the worker.

    Returns:
        Words; nothing where it does not.
    """
    names = [name for name in ours if theirs.get(name) != ours[name]]
    return "; ".join(f"{name} {theirs.get(name)} instead of {ours[name]}" for name in names)


def warn_of_other_kind(place: str, other: str) -> None:
    """Say that a worker is not used.

    Args:
        place: Where it is.
        other: From `other_kind`.
    """
    text = f"a worker of the cluster is left out, since it may compute other bits: {place}: {other}"
    warnings.warn(text, IsthmusWarning, stacklevel=5)


def refused_all(others: Iterable[str]) -> InputError:
    """What to say where no worker is left.

    Args:
        others: From `other_kind`, of each.

    Returns:
        The error, to be raised.
    """
    remedy = "install the same versions on every machine, and start the command on a machine of the workers' kind"
    return InputError("workers that compute as this process does", "; ".join(others), OPTION, remedy)


def num_places(machines: Sequence[Mapping[str, float]], threads: int, *, on_accelerator: bool = False) -> int:
    """For how many workers machines have room.

    Args:
        machines: Each with its number of "CPU" and "GPU".
        threads: Cores that a worker takes.
        on_accelerator: Whether it takes an accelerator too.

    Returns:
        At least 1.

    Raises:
        InputError: For none.
    """
    most = (int(one.get("GPU", 0)) if on_accelerator else sys.maxsize for one in machines)
    number = sum(min(int(one.get("CPU", 0) // threads), gpus) for one, gpus in zip(machines, most, strict=True))
    if number == 0:
        found = "; ".join(f"{one.get('CPU', 0):g} cores, {one.get('GPU', 0):g} accelerators" for one in machines)
        need = f"a machine with {threads} cores" + (" and an accelerator" if on_accelerator else "")
        raise InputError(need, found, OPTION, "set OMP_NUM_THREADS to fewer threads, or start larger machines")
    return number


def _cpu_facts() -> dict[str, str]:
    """What Linux says of the first processor."""
    try:
        first = CPU_INFO.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
