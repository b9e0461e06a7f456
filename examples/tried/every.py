"""All cases."""

from tried import images, language, rows, sequences, several_sides, vision

CASES = (*rows.CASES, *sequences.CASES, *images.CASES, *language.CASES, *vision.CASES, *several_sides.CASES)
