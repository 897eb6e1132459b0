"""Where `spec/` is: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path
from typing import Final

PROTOCOLS: Final = ("pop3", "imap4", "managesieve")


class NoSpecError(Exception):
    """`spec/` is not where it must be: the installation is not complete."""


def spec_folder() -> Path:
    """Give the folder `spec`.

    Raises:
        NoSpecError: it is neither inside the package nor beside it.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "spec", package.parent.parent / "spec"):
        if (folder / "transcripts").is_dir():
            return folder
    raise NoSpecError(f"expected spec/transcripts in {package} or beside the package perdition")
