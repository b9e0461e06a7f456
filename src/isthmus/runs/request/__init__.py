"""What is asked for, made once at the door."""
