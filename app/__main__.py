"""`python -m app` is the command `stepsize`."""


def main() -> None:
    """Runs the command line."""
    # Only now: each process of the pool imports the script that started its worker, and needs none of this.
    from app.cli.main import main as command

    command()


if __name__ == "__main__":
    main()
