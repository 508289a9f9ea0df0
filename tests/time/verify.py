"""Compares the output of time-oracle with zoneinfo, over the same tzdb. Usage: verify.py TIME_ORACLE [ZONE...]

zoneinfo says by `fold` which of two readings of a wall time is meant (PEP 495): in an overlap 0 is the first pass and
1 the second; in a gap 0 reads by the offset before the change, 1 by the one after.
"""

import subprocess
import sys
import zoneinfo
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1)
UTC = timezone.utc
VERSION = "2025b"  # chrono-tz's


def use_the_same_database():
    import tzdata

    if tzdata.IANA_VERSION != VERSION:
        sys.exit(f"tzdata is {tzdata.IANA_VERSION}; chrono-tz has {VERSION}")
    zoneinfo.reset_tzpath(to=[])


def readings(zone, wall):
    """The instants that a wall time means, by rule."""
    local = EPOCH + timedelta(seconds=wall)
    first, second = (wall - int(local.replace(tzinfo=zone, fold=fold).utcoffset().total_seconds()) for fold in (0, 1))

    def wall_of(instant):
        offset = datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset()
        return instant + int(offset.total_seconds())

    if first == second:
        one = str(first)
        return [one] * 6
    if wall_of(first) == wall and wall_of(second) == wall:
        return [str(first)] * 3 + [str(first), str(second), f"{first},{second}"]
    # A gap: the change lies between the two readings.
    low, high = second - 1, first
    before = wall_of(low) - low
    while high - low > 1:
        middle = (low + high) // 2
        if wall_of(middle) - middle == before:
            low = middle
        else:
            high = middle
    return ["-", str(high), str(first), "-", "-", "-"]


def changes(zone):
    """The changes of the clocks that a look at each day finds, from 1970 to 2100."""
    found, day = 0, datetime(1970, 1, 1, tzinfo=UTC)
    offset = day.astimezone(zone).utcoffset()
    while day.year < 2100:
        day += timedelta(days=1)
        now = day.astimezone(zone).utcoffset()
        if now != offset and day.year < 2100:
            found += 1
        offset = now
    return found


def main():
    use_the_same_database()
    oracle, wanted = sys.argv[1], sys.argv[2:]
    output = subprocess.run([oracle, *wanted], check=True, capture_output=True, text=True).stdout
    zones, walls, differences = {}, 0, 0
    seen = {}
    for line in output.splitlines():
        name, wall, *told = line.split(" ")
        zone = zones.setdefault(name, zoneinfo.ZoneInfo(name))
        seen[name] = seen.get(name, 0) + 1
        walls += 1
        expected = readings(zone, int(wall))
        if told != expected:
            differences += 1
            if differences <= 20:
                print(f"{name} {EPOCH + timedelta(seconds=int(wall))}: {told} is not {expected}")
    transitions = 0
    for name, zone in zones.items():
        found = changes(zone)
        transitions += found
        if found * 6 > seen[name]:
            differences += 1
            print(f"{name}: zoneinfo has {found} changes; {seen[name]} wall times were looked at")
    print(f"{len(zones)} zones, {transitions} transitions, {walls} wall times, 6 rules each: {differences} differences")
    sys.exit(1 if differences or not walls else 0)


main()
