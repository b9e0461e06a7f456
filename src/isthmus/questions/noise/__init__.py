"""What does noise inside and outside the training subspace cost?"""
