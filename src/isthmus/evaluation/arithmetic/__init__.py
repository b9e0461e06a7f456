"""How networks compute: on which device, in which type and memory format, on how many threads."""
