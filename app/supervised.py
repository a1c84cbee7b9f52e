"""`python -m app.supervised PARENT COMMAND...`: run a command that ends with the process PARENT."""

import sys

from app.process.parent_death import die_with_parent

if __name__ == "__main__":
    parent, *arguments = sys.argv[1:]
    die_with_parent(int(parent))
    from app.cli.main import main  # imported here: its imports take a second

    main(arguments)
