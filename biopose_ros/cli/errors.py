"""Errors that a command expects: shown as one line, without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup


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


class GivenFiles(TyperGroup):
    """Commands that read what a user gives: what is missing or cannot be read is shown so."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with shown_errors(OSError, ValueError):
            return super().invoke(ctx)
