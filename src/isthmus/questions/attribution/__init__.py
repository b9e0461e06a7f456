"""Which layers make the cost of averaging everything?"""
