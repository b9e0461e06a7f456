"""Sets of images: their files, their channels, their normalisation."""
