"""`python -m sealwax` is the `sealwax` command."""

from sealwax.cli.main import main

if __name__ == "__main__":
    main()
