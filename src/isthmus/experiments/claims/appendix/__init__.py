"""Claims of the paper's appendix on other networks and other trainings."""
