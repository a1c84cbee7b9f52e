"""`python -m app.supervised PARENT COMMAND...`: a command that ends when the process PARENT does."""

import sys

from app.process.parent_death import die_with_parent

if __name__ == "__main__":
    parent, *arguments = sys.argv[1:]
    die_with_parent(int(parent))
    from app.cli.main import main  # only now: it loads all that the command needs, which takes a second

    main(arguments)
