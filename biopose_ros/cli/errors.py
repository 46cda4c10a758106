"""Errors that a command expects: shown as one line, without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def shown_errors(*kinds: type[Exception]) -> Iterator[None]:
    """
    End the command with exit status 1 and the text of an error.

    :param kinds: of errors whose text names the cause and the remedy; others stay as they are.
    """
    try:
        yield
    except kinds as error:
        typer.secho(f'error: {error}', err=True, fg='red')
        raise typer.Exit(1) from None
