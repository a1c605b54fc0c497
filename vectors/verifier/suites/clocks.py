"""When something is due."""

from datetime import datetime, timezone

from ..canonical import seconds
from ..cases import Case, everywhere, same
from ..deadlines import Calendar, due
from .files import load


def dates(path):
    """calendar.md; the table worked out by hand, and edits of a calendar that must be refused."""
    vectors = load(path)
    clocks = {clock["id"]: clock for clock in load("../packs/clocks/eea.json")["clocks"]}

    def check(given):
        calendar = Calendar(load(f"../packs/calendars/{given['calendar']}.json"))
        found = due(clocks[given["clock"]], calendar, given["start"], given["pauses"])
        same(found, datetime.fromtimestamp(seconds(given["due"]), timezone.utc), "due")

    for row in vectors["due"]:
        yield Case(f"{row['clock']} {row['calendar']}: {row['why']}", True, check, row, flips=[everywhere("due")])
    good = load("../packs/calendars/XA.json")
    for bad in vectors["bad_calendars"]:
        yield Case(bad["why"], False, Calendar, {**good, **bad["edit"]})
