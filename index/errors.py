"""Every error the project raises on purpose.

    WenceError
    ├── SettingsError     a setting is unknown, out of range or contradictory
    ├── CorpusError       a document or its provenance record cannot be used
    ├── ModelError        an embedding or language model is missing or damaged
    ├── StoreError        the index is missing, damaged, busy or built with other settings
    └── QuestionError     a question is empty, too long or not text

The message says what is wrong, with the value; what was expected; and the command that mends it.
The faces print it as one line; anything else is a bug.
"""

from __future__ import annotations


class WenceError(Exception):
    """Base of all expected errors."""


class SettingsError(WenceError):
    """A setting is unknown, out of range or contradictory."""


class CorpusError(WenceError):
    """A document or its provenance record cannot be used."""


class ModelError(WenceError):
    """A model is missing, truncated, of the wrong dimension or not what its hash says."""


class StoreError(WenceError):
    """The index is missing, damaged, busy or was built with other settings."""


class QuestionError(WenceError):
    """A question is empty, too long or not text."""
