"""Records of mbc (Modular Bench Controller) in pandas: this one file, and pandas.

    import mbc_read
    day = mbc_read.read("day.csv")                       # of `mbc export` (csv, csv-fr), or values.csv of a run
    run = mbc_read.read("run-12")                        # the folder of a run, or run-12.zip
    now = mbc_read.get("http://bench:8080", ["T_bed", "T_furn"], start="-1h", every="10s")

Each gives a DataFrame, its index the moments in UTC. Columns of values are numbers, or texts where the channel is one of texts. A value that is not
good is NaN, never the last good one; `quality` columns say why. What stands beside the numbers is in `frame.attrs`: "units" (column -> unit),
"zone" and, of a run, "run" (what run.json says).

    python3 mbc_read.py FILE|FOLDER|ZIP                  # what is in it
"""
import io
import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile

import pandas as pd


def read(path):
    """A file of `mbc export`, values.csv of a run, its folder, or its archive."""
    path = pathlib.Path(path)
    if path.is_dir():
        return _run((path / "values.csv").read_bytes(), (path / "run.json").read_bytes())
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            inside = {name.rsplit("/", 1)[-1]: name for name in archive.namelist()}
            if "values.csv" not in inside or "run.json" not in inside:
                raise ValueError(f"{path}: no archive of a run: it has no values.csv and run.json")
            return _run(archive.read(inside["values.csv"]), archive.read(inside["run.json"]))
    return parse(path.read_bytes(), path)


def get(url, channels, start="-1h", stop="now", points=None, every=None, raw=False, token=None, timeout=60):
    """What a bench has recorded, over HTTP. url: http://bench:8080; start, stop: "-1h", "2026-11-26T14:30:00Z", a Timestamp with its zone.

    every: a span as pandas knows them ("10s", "1min"); it is turned into `points`. raw: each recorded value.
    """
    start, stop = _moment(start), _moment(stop)
    if every is not None:
        if points is not None or raw:
            raise ValueError("every, points, raw: one of them")
        points = _points(start, stop, pd.Timedelta(every))
    words = {"channels": ",".join(channels), "from": start, "to": stop, "format": "csv"}
    if raw:
        words["raw"] = "1"
    elif points is not None:
        words["points"] = str(int(points))
    address = url.rstrip("/") + "/api/v1/history?" + urllib.parse.urlencode(words)
    headers = {"Authorization": "Bearer " + token} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=timeout) as answer:
            return parse(answer.read(), url)
    except urllib.error.HTTPError as refused:
        try:
            why = json.loads(refused.read())["detail"]
        except (ValueError, KeyError, TypeError):
            why = refused.reason
        raise ValueError(f"{url}: {why}") from None


def parse(data, where="data"):
    """The bytes of a table that mbc has written."""
    text = data.decode("utf-8-sig")
    head = text.split("\n", 1)[0]
    separator = ";" if head.startswith("time;") else ","
    if not head.startswith("time" + separator):
        raise ValueError(f"{where}: no table of mbc: its first row does not begin with `time`")
    form = {"sep": separator, "decimal": "," if separator == ";" else ".", "keep_default_na": False, "na_values": [""]}
    is_run = head.split(separator)[1].strip() == "seconds"
    names = [name.strip() for name in pd.read_csv(io.StringIO(text), nrows=0, sep=separator).columns]
    if is_run:
        units = {name: name.rsplit(" [", 1)[1][:-1] for name in names if name.endswith("]") and " [" in name}
        zone, skip = "", None
    else:
        row = pd.read_csv(io.StringIO(text), nrows=1, skiprows=1, header=None, dtype=str, keep_default_na=False, sep=separator).iloc[0]
        zone, units = row.iloc[0], {name: unit for name, unit in zip(names[1:], row.iloc[1:]) if unit}
        skip = [1]
    words = {name: str for name in names if name == "quality" or name.endswith(" quality")}
    frame = pd.read_csv(io.StringIO(text), skiprows=skip, dtype=words, low_memory=False, **form)
    frame.columns = names
    frame["time"] = _times(frame["time"])
    frame = frame.set_index("time")
    frame.attrs = {"units": units, "zone": zone}
    return frame


def _times(column):
    """Moments, some with a fraction and some without, and in summer with another offset than in winter."""
    try:
        return pd.to_datetime(column, format="ISO8601", utc=True)  # pandas 2 wants to be told
    except ValueError:
        return pd.to_datetime(column, utc=True)


def _run(values, run):
    frame = parse(values, "values.csv")
    frame.attrs["run"] = json.loads(run)
    return frame


def _moment(when):
    if isinstance(when, str):
        return when
    when = pd.Timestamp(when)
    if when.tzinfo is None:
        raise ValueError(f"{when}: a moment needs its zone: pd.Timestamp({str(when)!r}, tz=\"Europe/Paris\")")
    return when.tz_convert("UTC").isoformat().replace("+00:00", "Z")


def _span(when):
    """Seconds since now of a moment in words."""
    now = pd.Timestamp.now(tz="UTC")
    if when == "now":
        return 0.0
    if when.startswith("-"):
        return -pd.Timedelta(when[1:]).total_seconds()
    return (pd.Timestamp(when) - now).total_seconds()


def _points(start, stop, every):
    if every <= pd.Timedelta(0):
        raise ValueError("every: a span above 0")
    return max(1, round((_span(stop) - _span(start)) / every.total_seconds()))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 mbc_read.py FILE|FOLDER|ZIP")
    try:
        table = read(sys.argv[1])
    except (OSError, ValueError) as broken:
        sys.exit(f"mbc_read.py: {broken}")
    print(table.describe())
    for column, unit in table.attrs["units"].items():
        print(f"{column}: {unit}")
