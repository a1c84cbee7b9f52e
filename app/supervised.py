"""`python -m app.supervised PARENT COMMAND...`: run a command that ends when the process PARENT ends."""

import sys

from app.process.parent_death import die_with_parent

if __name__ == "__main__":
    parent, *arguments = sys.argv[1:]
    die_with_parent(int(parent))
    from stepsize.main import main  # import late: what a command loads takes a second

    main(arguments)
