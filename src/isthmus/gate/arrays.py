"""Arrays as numpy writes them, from bytes: their header is compared with their length before memory is taken."""

import io
import math

import numpy as np

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def array_of(data: bytes) -> np.ndarray:
    """The array in some bytes.

    A header of a few bytes may speak of any number of numbers.

    Args:
        data: As `numpy.save` writes it.

    Returns:
        An array in memory of its own.

    Raises:
        ValueError: It is damaged, or holds Python objects.
    """
    with io.BytesIO(data) as file:
        read_header = HEADERS.get(np.lib.format.read_magic(file))
        if read_header is None:
            raise ValueError("no array as numpy writes it")
        shape, is_fortran, dtype = read_header(file)
        begin = file.tell()
    if dtype.hasobject:
        raise ValueError("Python objects, which only code in the file can make; it was not run")
    if math.prod(shape) * dtype.itemsize != len(data) - begin:
        raise ValueError(f"no {'x'.join(map(str, shape))} numbers of type {dtype} in {len(data)} bytes")
    return np.ndarray(shape, dtype, data, begin, order="F" if is_fortran else "C").copy()
