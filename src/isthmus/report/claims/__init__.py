"""Pictures that only a claim draws."""
