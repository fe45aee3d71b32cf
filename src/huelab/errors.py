"""The errors a user can cause. Each message names what was wrong, where, what is allowed and what to do; none shows a traceback."""


class HuelabError(Exception):
    """Something a user can put right. Entry points print the message and leave with `exit_code`."""

    exit_code = 1


class UsageError(HuelabError):
    """A command was called in a way that cannot work."""

    exit_code = 2


class ParamsError(HuelabError):
    """params.yaml says something that is not allowed."""

    exit_code = 2


class DataError(HuelabError):
    """The photographs, or a source of them, cannot be used as asked."""


class ModelError(HuelabError):
    """A model is missing, unreadable or of another architecture."""


class SurveyError(HuelabError):
    """A study, its database or what was asked of it cannot be used so."""
