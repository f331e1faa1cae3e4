from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from timebank.errors import (
    AmbiguousInstant,
    DayBeyondRange,
    MissingInstant,
    NaiveInstant,
    NotADay,
    NotAnInstant,
    UnknownZone,
)
from timebank.instants import (
    YEAR_MAX,
    YEAR_MIN,
    aware_utc,
    day_of,
    parse_day,
    parse_instant,
    write_instant,
    zone_of,
)

PARIS = ZoneInfo("Europe/Paris")
KEPT = st.datetimes(datetime(YEAR_MIN, 1, 1), datetime(YEAR_MAX, 12, 31, 23, 59, 59, 999_999)).map(  # noqa: DTZ001 - UTC is added
    lambda moment: moment.replace(tzinfo=UTC)
)
ZONES = st.sampled_from(
    [
        PARIS,
        ZoneInfo("UTC"),
        ZoneInfo("Europe/Dublin"),  # winter time is the exception there
        ZoneInfo("America/St_Johns"),  # half an hour off
        ZoneInfo("Australia/Lord_Howe"),  # moves by half an hour
        ZoneInfo("Asia/Kathmandu"),
        ZoneInfo("Asia/Tokyo"),
        ZoneInfo("Pacific/Apia"),  # skipped a whole day
        ZoneInfo("America/Sao_Paulo"),  # moved at midnight
    ]
)


def last_sunday(year: int, month: int) -> date:
    """The Sunday on which European clocks change."""
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def paris_readings(day: date) -> dict[str, list[datetime]]:
    """Which instants each local minute of a day in Paris has, by the EU's rule and plain arithmetic."""
    spring = datetime.combine(last_sunday(day.year, 3), datetime.min.time(), UTC) + timedelta(hours=1)
    autumn = datetime.combine(last_sunday(day.year, 10), datetime.min.time(), UTC) + timedelta(hours=1)
    midnight = datetime.combine(day, datetime.min.time(), UTC)
    readings = {f"{midnight + timedelta(minutes=n):%Y-%m-%dT%H:%M}": list[datetime]() for n in range(1440)}
    for minute in range(-180, 1440):
        instant = midnight + timedelta(minutes=minute)
        local = instant + timedelta(hours=2 if spring <= instant < autumn else 1)
        readings.get(f"{local:%Y-%m-%dT%H:%M}", []).append(instant)
    return readings


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 3, 28),
        date(2026, 3, 29),
        date(2026, 3, 30),
        date(2026, 10, 24),
        date(2026, 10, 25),
        date(2026, 10, 26),
        date(2060, 3, 28),
        date(2060, 10, 31),
    ],
)
def test_every_minute_around_a_clock_change_has_its_instants(day: date) -> None:
    """An hour given in the night the clocks change is neither lost nor counted twice."""
    for text, instants in paris_readings(day).items():
        if len(instants) == 1:
            assert instants[0] == parse_instant(text, PARIS), text
        elif instants:
            with pytest.raises(AmbiguousInstant, match=r"\+02:00 or \+01:00"):
                parse_instant(text, PARIS)
        else:
            with pytest.raises(MissingInstant):
                parse_instant(text, PARIS)


def test_the_nights_have_an_hour_more_and_an_hour_less() -> None:
    """The test above saw what it is about."""
    spring, autumn = paris_readings(date(2026, 3, 29)), paris_readings(date(2026, 10, 25))

    assert 60 == sum(not instants for instants in spring.values())
    assert 60 == sum(len(instants) == 2 for instants in autumn.values())


@given(KEPT)
@example(datetime(YEAR_MIN, 1, 1, tzinfo=UTC))
@example(datetime(YEAR_MAX, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
@example(datetime(2026, 3, 1, 13, 0, 0, 1, tzinfo=UTC))
def test_what_is_written_reads_back(instant: datetime) -> None:
    """An instant survives every format the books are exported to."""
    text = write_instant(instant)

    assert instant == parse_instant(text, PARIS)
    assert instant == parse_instant(text.lower(), PARIS)
    assert text.endswith("Z")
    assert (instant.microsecond != 0) == ("." in text)


@given(KEPT.map(lambda instant: instant.replace(second=0, microsecond=0)), ZONES)
@example(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), PARIS)
@example(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), PARIS)
def test_local_time_means_its_instant_or_is_refused(instant: datetime, zone: ZoneInfo) -> None:
    """A time on somebody's wall leads back to the instant, or to a question, never to another instant."""
    local = instant.astimezone(zone)
    if not YEAR_MIN <= local.year <= YEAR_MAX:
        return
    wall = f"{local:%Y-%m-%d %H:%M}"

    try:
        assert instant == parse_instant(wall, zone)
    except AmbiguousInstant as ambiguous:
        choices = [parse_instant(f"{wall}{offset}", zone) for offset in (ambiguous.first, ambiguous.second)]
        assert instant in choices
        assert choices == sorted(choices)


@given(KEPT, st.integers(-14 * 60, 14 * 60))
def test_an_offset_is_believed(instant: datetime, minutes: int) -> None:
    """Whoever states the offset needs no zone."""
    local = instant.astimezone(timezone(timedelta(minutes=minutes)))
    if not YEAR_MIN <= local.year <= YEAR_MAX:
        return

    assert instant == parse_instant(local.isoformat(), ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (datetime(2026, 3, 1, 13, tzinfo=UTC), "2026-03-01T14:00"),
        (datetime(2026, 3, 1, 13, tzinfo=UTC), " 2026-03-01 14:00\u00a0"),
        (datetime(2026, 3, 1, 13, tzinfo=UTC), "2026-03-01T14:00:00"),
        (datetime(2026, 3, 1, 13, 0, 0, 500_000, tzinfo=UTC), "2026-03-01T14:00:00.5"),
        (datetime(2026, 3, 1, 13, 0, 0, 50, tzinfo=UTC), "2026-03-01T14:00:00.00005"),
        (datetime(2026, 3, 1, 14, tzinfo=UTC), "2026-03-01T14:00Z"),
        (datetime(2026, 3, 1, 14, tzinfo=UTC), "2026-03-01t14:00z"),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01 14:00 +02:00"),
        (datetime(2026, 3, 1, 17, 30, tzinfo=UTC), "2026-03-01T14:00-03:30"),
        (datetime(2026, 6, 1, 12, tzinfo=UTC), "2026-06-01T14:00"),
        (datetime(2024, 2, 29, 11, tzinfo=UTC), "2024-02-29T12:00"),
        (datetime(2150, 7, 1, 10, tzinfo=UTC), "2150-07-01T12:00"),
    ],
)
def test_usual_spellings(expected: datetime, text: str) -> None:
    """The forms that are promised."""
    instant = parse_instant(text, PARIS)

    assert expected == instant
    assert instant.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-01",
        "2026-03-01T",
        "2026-03-01T14",
        "2026-03-01T1400",
        "2026-3-1T14:00",
        "20260301T1400",
        "2026-W09-7T14:00",
        "01/03/2026 14:00",
        "2026-03-01T24:00",
        "2026-03-01T14:60",
        "2026-03-01T14:00:60",
        "2026-03-01T14:00:00.",
        "2026-03-01T14:00:00,5",
        "2026-03-01T14:00:00.1234567",
        "2026-03-01T14:00.5",
        "2026-02-29T14:00",
        "2026-13-01T14:00",
        "0000-01-01T14:00",
        "2026-03-01_14:00",
        "2026-03-01\u00a014:00",
        "2026-03-01  14:00",
        "2026-03-01T14:00+2",
        "2026-03-01T14:00+0200",
        "2026-03-01T14:00+15:00",
        "2026-03-01T14:00+02:60",
        "2026-03-01T14:00\u221202:00",
        "2026-03-01T14:00 Europe/Paris",
        "2026-03-01T14:00[Europe/Paris]",
        "٢٠٢٦-٠٣-٠١T١٤:٠٠",
        "２０２６-03-01T14:00",
        "12026-03-01T14:00",
        "-2026-03-01T14:00",
        "now",
        "1772373600",
        "2026-03-01T14:00\n",
        "9" * 10_000,
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(NotAnInstant):
        parse_instant(text, PARIS)


@given(
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9](:[0-6][0-9])?(Z|\+[01][0-9]:[0-9]{2})?"
    )
    | st.text(max_size=40),
    ZONES,
)
def test_a_text_is_an_instant_that_is_kept_or_refused(text: str, zone: ZoneInfo) -> None:
    """No text makes the reader fail in another way."""
    try:
        instant = parse_instant(text, zone)
    except (NotAnInstant, AmbiguousInstant, MissingInstant, DayBeyondRange):
        return

    assert instant == aware_utc(instant)


@given(st.from_regex(r"[0-9]{4}-[0-1][0-9]-[0-3][0-9]") | st.text(max_size=20))
def test_a_text_is_a_day_that_is_kept_or_refused(text: str) -> None:
    """As above, for days."""
    try:
        day = parse_day(text)
    except (NotADay, DayBeyondRange):
        return

    assert YEAR_MIN <= day.year <= YEAR_MAX


@pytest.mark.parametrize(
    "text",
    [
        "1969-12-31T23:59",
        "2201-01-01T00:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59-14:00",
        "1970-01-01T00:30",  # 1969 in UTC
        "1970-01-01T00:30+01:00",
        "2200-12-31T23:30-01:00",
        "1969-12-31T23:30-01:00",  # 1970 in UTC, but not as written
        "1969-12-31T23:59Z",
    ],
)
def test_instants_lie_in_the_years_that_are_kept(text: str) -> None:
    """A slip in the year is caught before it reaches the books."""
    with pytest.raises(DayBeyondRange) as caught:
        parse_instant(text, PARIS)
    assert (1970, 2200) == (caught.value.least, caught.value.most)


def test_a_repeated_hour_names_both_offsets() -> None:
    """The message can be followed: each of the offsets it names is accepted."""
    with pytest.raises(AmbiguousInstant) as caught:
        parse_instant("2026-10-25T02:30", PARIS)

    assert ("+02:00", "+01:00", "2026-10-25T02:30:00") == (
        caught.value.first,
        caught.value.second,
        caught.value.text,
    )
    assert datetime(2026, 10, 25, 0, 30, tzinfo=UTC) == parse_instant("2026-10-25T02:30+02:00", PARIS)
    assert datetime(2026, 10, 25, 1, 30, tzinfo=UTC) == parse_instant("2026-10-25T02:30+01:00", PARIS)


def test_a_repeated_hour_west_of_greenwich_names_negative_offsets() -> None:
    """Half hours and minus signs are written right too."""
    with pytest.raises(AmbiguousInstant, match="-02:30 or -03:30"):
        parse_instant("2026-11-01T01:30", ZoneInfo("America/St_Johns"))


def test_a_skipped_day_does_not_exist() -> None:
    """Samoa had no 30 December 2011."""
    with pytest.raises(MissingInstant, match="2011-12-30T12:00:00 does not exist in Pacific/Apia"):
        parse_instant("2011-12-30T12:00", ZoneInfo("Pacific/Apia"))


@given(st.dates(date(YEAR_MIN, 1, 1), date(YEAR_MAX, 12, 31)))
def test_days_read_back(day: date) -> None:
    """Every day that is kept can be written and read."""
    assert day == parse_day(day.isoformat())
    assert day == parse_day(f" {day.isoformat()}\u202f")


@given(st.dates().filter(lambda day: not YEAR_MIN <= day.year <= YEAR_MAX))
def test_days_lie_in_the_years_that_are_kept(day: date) -> None:
    """A slip in the year is caught before it reaches the books."""
    with pytest.raises(DayBeyondRange, match="1970 to 2200"):
        parse_day(day.isoformat())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-29",
        "2026-13-01",
        "0000-01-01",
        "2026-3-1",
        "20260301",
        "2026-W09-7",
        "2026-03-01T00:00",
        "01.03.2026",
        "２０２６-03-01",
        "2026-03-01\n",
        "today",
        "2026\u221203\u221201",
        "9" * 10_000,
    ],
)
def test_what_is_no_day_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(NotADay):
        parse_day(text)


def test_a_day_belongs_to_a_zone() -> None:
    """Late on New Year's Eve in Lille is already next year in Tokyo."""
    instant = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)

    assert date(2026, 12, 31) == day_of(instant, PARIS)
    assert date(2027, 1, 1) == day_of(instant, ZoneInfo("Asia/Tokyo"))
    assert date(2027, 1, 1) == day_of(datetime(2026, 12, 31, 23, 0, tzinfo=UTC), PARIS)
    assert date(2026, 12, 31) == day_of(datetime(2027, 1, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")), PARIS)


@given(KEPT, ZONES)
def test_the_day_of_an_instant_is_the_local_date_or_refused(instant: datetime, zone: ZoneInfo) -> None:
    """At the edge of the years that are kept, a zone's day can lie outside."""
    local = instant.astimezone(zone).date()
    if YEAR_MIN <= local.year <= YEAR_MAX:
        assert local == day_of(instant, zone)
    else:
        with pytest.raises(DayBeyondRange):
            day_of(instant, zone)


def test_a_day_beyond_the_last_year_is_refused() -> None:
    """As above, the edge itself."""
    with pytest.raises(DayBeyondRange):
        day_of(datetime(YEAR_MAX, 12, 31, 23, 30, tzinfo=UTC), PARIS)


class Nowhere(tzinfo):
    """A time zone that knows no offset, which Python counts as none."""

    def utcoffset(self, _: datetime | None) -> timedelta | None:
        """Know nothing."""
        return None

    dst = utcoffset

    def tzname(self, _: datetime | None) -> str | None:
        """Have no name."""
        return None


@pytest.mark.parametrize("zone", [None, Nowhere()])
def test_an_instant_without_a_zone_is_refused(zone: tzinfo | None) -> None:
    """A naive datetime means another instant on every machine."""
    naive = datetime(2026, 3, 1, 14, tzinfo=zone)
    for use in (aware_utc, write_instant, lambda instant: day_of(instant, PARIS)):
        with pytest.raises(NaiveInstant, match="2026-03-01T14:00:00"):
            use(naive)


@pytest.mark.parametrize(
    "instant",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2201, 1, 1, tzinfo=UTC),
    ],
)
def test_instants_beyond_the_years_are_refused(instant: datetime) -> None:
    """Also those that UTC itself could not hold."""
    with pytest.raises(DayBeyondRange):
        aware_utc(instant)


def test_aware_utc_keeps_the_instant() -> None:
    """The same moment, said in UTC."""
    local = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=1)

    assert (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), UTC) == (aware_utc(local), aware_utc(local).tzinfo)


@pytest.mark.parametrize(
    "name", ["Europe/Paris", "Asia/Tokyo", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5"]
)
def test_zones_are_found_by_their_name(name: str) -> None:
    """A branch's zone is an IANA name."""
    assert name == zone_of(name).key


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Europe",
        "Europe/",
        "Europe/Lille",
        "europe",
        "Paris",
        "+02:00",
        "/etc/localtime",
        "../UTC",
        "a" * 10_000,
        "localtime",
        "posixrules",
        "right/Europe/Paris",
        "posix/UTC",
        "Factory",
        "tzdata.zi",
        "UTC\0",
        "UTC\n",
        "É/é",
        "Europe/../UTC",
        "Europe\\Paris",
        "a/b/c/d",
    ],
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    """Neither files beside the zones, nor the machine's own zone, nor zones that count leap seconds."""
    with pytest.raises(UnknownZone):
        zone_of(name)
