"""`python -m app` is the command `stepsize`."""

from app.cli import main

if __name__ == "__main__":
    main()
