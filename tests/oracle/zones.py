"""Writes zones.parquet: a moment in the zone of Berlin, where it is another day than in UTC."""

import datetime
import pathlib
import sys
import zoneinfo

import pyarrow as pa
import pyarrow.parquet as pq

moment = datetime.datetime(2026, 3, 1, 0, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
column = pa.array([moment], pa.timestamp("us", "Europe/Berlin"))
pq.write_table(pa.table({"t": column}), pathlib.Path(sys.argv[1]) / "zones.parquet")
