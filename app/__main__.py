"""The command `stepsize` as `python -m app`."""


def main() -> None:
    """Run the command line."""
    # Imported here: each process of the pool imports the worker's main script, and needs no command line.
    from app.cli.main import main as command

    command()


if __name__ == "__main__":
    main()
