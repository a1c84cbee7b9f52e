"""`python -m app` is the command `stepsize`."""

from stepsize.__main__ import main

if __name__ == "__main__":
    main()
