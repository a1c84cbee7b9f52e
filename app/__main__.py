"""The command `stepsize` as `python -m app`."""

from stepsize.__main__ import main

if __name__ == "__main__":
    main()
