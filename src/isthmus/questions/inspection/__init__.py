"""What do two checkpoints hold, and how far apart are their layers?"""
