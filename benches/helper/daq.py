#!/usr/bin/python3
"""A helper of mbc: answers lines on its standard input, here for a card that is only imagined. See docs/drivers/helper.md."""
import math
import sys
import time

lamp = False


def get(channel):
    if channel == "T1":  # here the maker's library would be asked
        return f"{25 + math.sin(time.monotonic() / 10):.3f} degC"
    if channel == "lamp":
        return int(lamp)
    raise ValueError("unknown channel")


for line in sys.stdin:
    try:
        word, channel, *value = line.split()
        if word == "get":
            print("ok", get(channel), flush=True)
        elif (word, channel) == ("set", "lamp"):
            lamp = value == ["1"]
            print("ok", flush=True)
        else:
            raise ValueError("cannot be set")
    except Exception as why:
        print("err", why, flush=True)
