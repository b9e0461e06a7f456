"""How curved is the loss along each layer?"""
