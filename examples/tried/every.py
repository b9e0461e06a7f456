"""All cases."""

from tried.images import CASES as IMAGES
from tried.of_transformers import CASES as T1
from tried.of_transformers_too import CASES as T2
from tried.rows import CASES as ROWS

CASES = (*ROWS, *IMAGES, *T1, *T2)
