"""What Python makes of a session that was written in Rust, and writes into it.

Argument: the directory of the files. Needs Flask-Session 0.8, cachelib and msgspec.
"""

import datetime
import decimal
import pickle
import pickletools
import sys
import uuid
import warnings
from pathlib import Path

from cachelib.file import FileSystemCache
from flask import Flask, session
from flask_session import Session
from markupsafe import Markup

ID = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk"
directory = Path(sys.argv[1])
warnings.simplefilter("ignore")

utc = datetime.timezone.utc
expected = {
    "_permanent": True,
    "none": None,
    "ints": [0, -1, 255, 256, 65536, -(2**31) - 1, 2**63, 2**64 - 1, 2**127 - 1],
    "float": 1.5,
    "text": "Zoë ☃ 😀",
    "long": "x" * 70000,
    "bytes": b"\x00\xff",
    "pair": (1, "a"),
    "map": {1: "one", 2: "two"},
    "nested": {"list": [], "map": {}, "tuple": ()},
    "at": datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, utc),
    "_flashes": [("message", "Saved")],
    # What Python had written before, and Rust left alone.
    "set": {1, 2},
    "frozen": frozenset({"a"}),
    "naive": datetime.datetime(2024, 1, 2, 3, 4, 5),
    "zoned": datetime.datetime(
        2024, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=-3), "BRT")
    ),
    "date": datetime.date(2024, 1, 2),
    "time": datetime.time(3, 4, 5, 6),
    "delta": datetime.timedelta(-1, 2, 3),
    "uuid": uuid.UUID(int=2**128 - 1),
    "decimal": decimal.Decimal("19.90"),
    "complex": 1j,
    "bytearray": bytearray(b"ab"),
    "wide": 10**100,
    "markup": Markup("<b>x</b>"),
}
kept = ["set", "frozen", "naive", "zoned", "date", "time", "delta", "uuid", "decimal", "complex"]
kept += ["bytearray", "wide", "markup"]

cache = FileSystemCache(str(directory), threshold=500)
key = f"session:{ID}"

if sys.argv[2] == "write":
    cache.set(key, {"_permanent": True, **{name: expected[name] for name in kept}}, timeout=600)
    sys.exit()

found = cache.get(key)
assert found == expected, found
for name, value in expected.items():
    assert type(found[name]) is type(value), (name, found[name])
assert found["zoned"].tzname() == "BRT"
(file,) = (path for path in directory.iterdir() if path.is_file() and b"none" in path.read_bytes())
body = file.read_bytes()[4:]
assert [op.name for op, _, _ in pickletools.genops(body)][0] == "PROTO"
pickletools.dis(body, out=open("/dev/null", "w"))
# The other implementation, in Python, is stricter about some programs than the one in C.
assert pickle._loads(body) == expected

app = Flask(__name__)
app.config.update(
    SESSION_TYPE="filesystem", SESSION_FILE_DIR=str(directory), SESSION_PERMANENT=True
)
Session(app)


@app.get("/")
def index():
    assert dict(session) == expected, dict(session)
    session["from_flask"] = {"tuple": (1, 2), "set": {3}}
    return "ok"


client = app.test_client()
client.set_cookie("session", ID)
response = client.get("/")
assert response.text == "ok", response.text
