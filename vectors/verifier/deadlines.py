"""calendar.md: public holidays, working days, and when a period ends."""

import calendar as months
import re
from datetime import date, datetime, timedelta, timezone

from .canonical import seconds
from .refusal import need

WEEKDAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
REST = {"thursday": 3, "friday": 4, "saturday": 5, "sunday": 6}
MEMBERS = {"v", "state", "title", "zone", "weekend", "from", "to", "source", "verified", "date", "days"}
NTH = r"(0[1-9]|1[0-2])-(mon|tue|wed|thu|fri|sat|sun)#(-1|[1-4])"
ZONE = r"[A-Z]{3,4}(-?\d)(?:[A-Z]{3,4},M(\d+)\.(\d)\.0(?:/(\d))?,M(\d+)\.(\d)\.0(?:/(\d))?)?"
ONE = timedelta(days=1)


def western(year):
    """Easter by the golden number, the epact and the Sunday after the full moon (Clavius 1603)."""
    golden, century = year % 19 + 1, year // 100 + 1
    skipped, moon = 3 * century // 4 - 12, (8 * century + 5) // 25 - 5
    sunday = 5 * year // 4 - skipped - 10
    epact = (11 * golden + 20 + moon - skipped) % 30
    epact += epact == 24 or (epact == 25 and golden > 11)
    full = 44 - epact
    full += 30 * (full < 21)
    return date(year, 3, 1) + (full + 7 - (sunday + full) % 7 - 1) * ONE


def eastern(year):
    """Easter of the Julian calendar by Gauss, thirteen days later in ours."""
    moon = (19 * (year % 19) + 15) % 30
    later = moon + (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 6) % 7
    return date(year, 3, 22) + (later + 13) * ONE


def month_day(text):
    need(re.fullmatch(r"\d\d-\d\d", text), "content", text)
    month, day = int(text[:2]), int(text[3:])
    need(1 <= month <= 12 and 1 <= day <= months.monthrange(2024, month)[1], "content", text)
    return lambda year: date(year, month, day) if day <= months.monthrange(year, month)[1] else None


def nth(text):
    found = re.fullmatch(NTH, text)
    need(found, "content", text)
    month, weekday, place = int(found[1]), WEEKDAYS[found[2]], int(found[3])

    def day(year):
        all_of_them = [date(year, month, d) for d in range(1, months.monthrange(year, month)[1] + 1)]
        all_of_them = [d for d in all_of_them if d.weekday() == weekday]
        return all_of_them[place if place < 0 else place - 1]

    return day


def rule(text):
    """A function from a year to the day, or None."""
    if "?" in text:
        found = re.fullmatch(r"(\d\d-\d\d)\?(mon|tue|wed|thu|fri|sat|sun):(.*)", text)
        need(found, "content", text)
        first, other, weekday = month_day(found[1]), nth(found[3]), WEEKDAYS[found[2]]
        return lambda year: (lambda d: d if d and d.weekday() == weekday else other(year))(first(year))
    if ">=" in text:
        found = re.fullmatch(r"(mon|tue|wed|thu|fri|sat|sun)>=(\d\d-\d\d)", text)
        need(found, "content", text)
        begin, weekday = month_day(found[2]), WEEKDAYS[found[1]]
        return lambda year: (lambda d: d and d + (weekday - d.weekday()) % 7 * ONE)(begin(year))
    found = re.fullmatch(r"(easter|orthodox)(\+0|[+-][1-9]\d?|[+-]100)", text)
    if found:
        sunday = western if found[1] == "easter" else eastern
        return lambda year: sunday(year) + int(found[2]) * ONE
    return nth(text) if "#" in text else month_day(text)


class Calendar:
    def __init__(self, given):
        need(isinstance(given, dict) and set(given) == MEMBERS and given["v"] == "countersign/calendar/v1", "format", "members")
        need(re.fullmatch(r"[A-Z]{2}", given["state"]) and given["state"] != "XK", "format", given["state"])
        self.first, self.last = given["from"], given["to"]
        need(1900 <= self.first <= self.last <= 2099, "content", "years")
        rest = given["weekend"]
        need(rest and all(day in REST for day in rest), "format", "weekend")
        self.rest = [REST[day] for day in rest]
        need(self.rest == sorted(set(self.rest)), "content", "weekend")
        need(all(given[name].strip() for name in ("title", "source", "date")), "content", "empty")
        try:
            date.fromisoformat(given["date"])
        except ValueError:
            need(False, "content", given["date"])
        found = re.fullmatch(ZONE, given["zone"])
        need(found, "content", given["zone"])
        self.base = -int(found[1])
        summer = found.groups()[1:]
        self.summer = [int(part) if part else 2 for part in summer] if summer[0] else None
        self.days, seen = [], set()
        for item in given["days"]:
            need(set(item) <= {"name", "rule", "moved", "since", "until"} and item["name"].strip(), "format", str(item))
            need(item.get("moved") in (None, "nearest_weekday", "sunday_to_saturday"), "format", str(item))
            since, until = item.get("since", self.first), item.get("until", self.last)
            need(since <= until and item["rule"] not in seen, "content", str(item))
            seen.add(item["rule"])
            self.days.append((rule(item["rule"]), item.get("moved"), since, until))

    def kept(self, holiday, year):
        day, moved, since, until = holiday
        found = day(year) if since <= year <= until else None
        if found is None or moved is None:
            return found
        if moved == "nearest_weekday":
            return found + {5: -1, 6: 1}.get(found.weekday(), 0) * ONE
        return found - ONE if found.weekday() == 6 else found

    def works(self, day):
        need(self.first <= day.year <= self.last, "not covered", str(day))
        holiday = any(self.kept(item, year) == day for item in self.days for year in (day.year, day.year + 1))
        return not holiday and day.weekday() not in self.rest

    def offset(self, moment):
        """Hours east of Greenwich. The zones here change on Sundays at an hour of the time that is then left."""
        if self.summer is None:
            return self.base

        def change(year, month, week, hour, before):
            sundays = [d for d in months.Calendar(6).itermonthdates(year, month) if d.month == month and d.weekday() == 6]
            day = sundays[-1] if week == 5 else sundays[week - 1]
            return datetime(year, month, day.day, hour, tzinfo=timezone.utc) - timedelta(hours=before)

        month, week, hour, month2, week2, hour2 = self.summer
        year = moment.year
        inside = change(year, month, week, hour, self.base) <= moment < change(year, month2, week2, hour2, self.base + 1)
        return self.base + inside

    def day_of(self, moment):
        return (moment + timedelta(hours=self.offset(moment))).date()

    def end_of(self, day):
        """Every zone here changes its time by day or in the small hours, never at midnight."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + ONE
        found = [midnight - timedelta(hours=hours) for hours in (self.base, self.base + 1)]
        return next(moment for moment in found if self.offset(moment) == round((midnight - moment) / timedelta(hours=1))) - timedelta(seconds=1)


def due(clock, calendar, start, pauses):
    start = datetime.fromtimestamp(seconds(start), timezone.utc)
    pauses = [tuple(datetime.fromtimestamp(seconds(pause[end]), timezone.utc) for end in ("from", "to")) for pause in pauses]
    if clock["unit"] in ("minutes", "hours"):
        end = start + timedelta(**{clock["unit"]: clock["length"]})
        for begin, over in pauses:
            end += over - begin if begin <= end else timedelta()
        return end

    def counts(day):
        inside = any(begin <= calendar.end_of(day - ONE) + timedelta(seconds=1) and calendar.end_of(day) < over for begin, over in pauses)
        return not inside and (clock["unit"] != "working_days" or calendar.works(day))

    first = last = calendar.day_of(start)
    if clock["unit"] == "months":
        need(not pauses, "vector", "months with a pause")
        month = first.month - 1 + clock["length"]
        year, month = first.year + month // 12, month % 12 + 1
        last = date(year, month, min(first.day, months.monthrange(year, month)[1]))
    else:
        left = clock["length"]
        while left:
            last += ONE
            left -= counts(last)
    if clock["counting"] == "eu_1182_71":
        needed = 2 if clock["length"] > 1 or clock["unit"] == "months" else 1
        while not calendar.works(last) or sum(calendar.works(first + n * ONE) for n in range(1, (last - first).days + 1)) < needed:
            last += ONE
    return calendar.end_of(last)
