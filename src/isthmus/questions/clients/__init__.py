"""What averaging some layers costs clients that were trained apart."""
