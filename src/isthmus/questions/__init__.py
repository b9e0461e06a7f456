"""Side questions, a room each: its computation, its sentence, its picture."""
