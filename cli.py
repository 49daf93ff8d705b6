"""The command line: `python cli.py --help`."""

from scalar.cli.main import main

if __name__ == "__main__":
    main()
