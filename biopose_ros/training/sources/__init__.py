"""Recorded motion and anthropometry: from their public sources into the common format."""
