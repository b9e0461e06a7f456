"""Do the features of two networks agree, and do they add?"""
