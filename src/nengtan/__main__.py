"""``python -m nengtan`` is the ``nengtan`` command."""

from nengtan.config.cli import main

if __name__ == "__main__":
    main()
