"""Do two layers cost together what they cost alone?"""
