"""The one way in which every check here says no."""


class Refused(Exception):
    """Foreign input is refused. `reason` is a short class that vectors can be compared with, `text` says more about it."""

    def __init__(self, reason, text=""):
        super().__init__(f"{reason}: {text}" if text else reason)
        self.reason, self.text = reason, text


def need(condition, reason, text=""):
    """Refuses unless the condition holds."""
    if not condition:
        raise Refused(reason, text)
