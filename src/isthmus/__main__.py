"""`python -m isthmus`: the command, where its script is not on the path."""

from isthmus.cli.main import main

if __name__ == "__main__":
    main()
