"""The command `stepsize`; `python -m stepsize` runs the same."""


def main() -> None:
    """Run the command line."""
    # Import late: a process that multiprocessing spawns imports this file again, without need of a command.
    from stepsize.main import main as command

    command()


if __name__ == "__main__":
    main()
