"""Sealwax keeps a person's text messages: live sealed sync and true snapshots at once."""

__version__ = "0.1.0"
