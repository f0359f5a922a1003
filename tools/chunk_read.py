#!/usr/bin/python3
"""Print the samples of a blob of history: chunk_read.py FILE...

Follows docs/history-format.md and nothing else: no code of the program, only Python and libzstd. A line a sample: time in ns, quality, code, value.
"""
import ctypes
import ctypes.util
import struct
import sys

MASK = (1 << 64) - 1
TYPES = ["bool", "int", "uint", "float", "float32", "choice", "text"]
SAMPLES_MAX = 8192


class Damaged(Exception):
    """Bytes that are no blob."""


def signed(number, bits=64):
    number &= (1 << bits) - 1
    return number - (1 << bits) if number >> (bits - 1) else number


def unzigzag(number):
    return number >> 1 if number & 1 == 0 else -(number >> 1) - 1


def need(fact, text):
    if not fact:
        raise Damaged(text)


def unpack_zstd(frame, size):
    zstd = ctypes.CDLL(ctypes.util.find_library("zstd"))
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    zstd.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    out = ctypes.create_string_buffer(size)
    frame = b"\x28\xb5\x2f\xfd" + frame
    need(zstd.ZSTD_decompress(out, size, frame, len(frame)) == size, "a frame does not unpack")
    return out.raw


class Reader:
    """Words, blocks, columns and walks from bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, size):
        need(self.at + size <= len(self.data), "it ends too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def byte(self):
        return self.bytes(1)[0]

    def varint(self):
        number = 0
        for place in range(10):
            byte = self.byte()
            number |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return number & MASK
        raise Damaged("a number is too long")

    def zigzag(self):
        return unzigzag(self.varint())

    def block(self, size):
        packed = self.varint()
        if packed == 0:
            return self.bytes(size)
        if packed == 1:
            return self.bytes(1) * size
        need(packed < size, "a frame is larger than what it holds")
        return unpack_zstd(self.bytes(packed), size)

    def list(self):
        size = self.varint()
        need(size <= 64 * SAMPLES_MAX, "a list is too long")
        return Reader(self.block(size) if size else b"")

    def column(self, n):
        if n == 0:
            return []
        head = self.byte()
        form = head & 0x7F
        if form == 0:
            need(head == 0, "a constant has exceptions")
            return [self.varint()] * n
        need(form <= 72, "a column has an unknown form")
        if form <= 64:
            width = form
            bits = int.from_bytes(self.bytes((n * width + 7) // 8), "little")
            numbers = [bits >> i * width & ((1 << width) - 1) for i in range(n)]
        else:
            width = 8 * (form - 64)
            planes = [self.block(n) for _ in range(form - 64)]
            numbers = [int.from_bytes(bytes(plane[i] for plane in planes), "little") for i in range(n)]
        if head & 0x80:
            more, mark = self.list(), (1 << width) - 1
            numbers = [(number + more.varint()) & MASK if number == mark else number for number in numbers]
        return numbers

    def walk(self, n):
        first, step = self.zigzag(), self.varint()
        if step == 0:
            return [first] * n
        way = self.byte()
        if way == 0:
            least = self.zigzag()
            return [signed(first + step * (least + e)) for e in self.column(n)]
        need(way <= 13, "a walk has an unknown prediction")
        if way == 13:
            numbers = [first]
            for e in self.column(n - 1):
                numbers.append(signed(numbers[-1] ^ e))
            return numbers
        line, shift = (way >= 8), (way - 8 if way >= 8 else way - 1)
        jump = self.varint() if shift > 0 else None
        numbers = (line_numbers if line else mean_numbers)(self.column(n - 1), shift, jump)
        return [first] + [signed(first + step * j) for j in numbers]


def mean_numbers(rest, shift, jump):
    total, half, out = 0, (1 << shift) // 2, []
    for e in rest:
        d = unzigzag(e)
        j = (signed(total + half) >> shift) + d
        total = j << shift if jump is not None and e >= jump else total + d
        out.append(j)
    return out


def line_numbers(rest, shift, jump):
    bits = 2 * shift + 1 if shift else 0
    level, slope, half, out = 0, 0, (1 << bits) // 2, []
    for e in rest:
        d = unzigzag(e)
        level += slope
        j = (signed(level + half) >> bits) + d
        level += d << (bits - shift)
        slope += d
        if jump is not None and e >= jump:
            level, slope = j << bits, 0
        out.append(j)
    return out


def read_times(blob, n, first):
    mode = blob.byte()
    if mode == 0:
        return [first] * n
    if mode == 1:
        return [signed(first + w) for w in blob.walk(n)]
    need(mode in (2, 3) and n > 1, "times of an unknown form")
    unit, period = blob.varint(), blob.varint()
    if mode == 2:
        least = blob.zigzag()
        steps = [least + k for k in blob.column(n - 1)]
        rests = blob.walk(n - 1)
    else:
        steps, rests = read_fused(blob, n)
    times, place = [first], 0
    for step, rest in zip(steps, rests):
        place += step
        times.append(signed(first + unit * (period * place + rest)))
    return times


def read_fused(blob, n):
    count = blob.varint()
    need(0 < count < 256, "steps of times are too many")
    kinds = [blob.zigzag() for _ in range(count)]
    least, width = blob.zigzag(), blob.varint()
    need(0 < width * count < 256, "symbols of times are too many")
    symbols = blob.column(n - 1)
    need(max(symbols) <= width * count, "a time has an unknown symbol")
    odd = blob.list() if 0 in symbols else None
    steps, rests = [], []
    for s in symbols:
        steps.append(odd.zigzag() if s == 0 else kinds[(s - 1) // width])
        rests.append(odd.zigzag() if s == 0 else least + (s - 1) % width)
    return steps, rests


def read_qualities(blob, n):
    runs, data, out = blob.varint(), blob.list(), []
    for _ in range(runs):
        length, mark = data.varint(), data.varint()
        need(0 < length <= n - len(out), "a run of qualities is too long")
        out += [(mark >> 1 & 0xFFFF, mark >> 17 & 0xFFFF, mark & 1)] * length
    need(len(out) == n, "qualities are missing")
    return out


def as_float32(value):
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def bits_of(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def number_bits(kind, digits, k):
    """The 64 bits of a value."""
    if kind == 0:
        return k & MASK
    if kind == 1:
        return bits_of(float(k) / float(10**digits))
    if kind == 2:
        return bits_of(float(k) * float(f"1e-{digits}"))
    if kind == 3:
        return bits_of(as_float32(float(k) / float(10**digits)))
    if kind == 4:
        return bits_of(as_float32(as_float32(float(k)) * as_float32(float(f"1e-{digits}"))))
    if kind == 5:
        return (k if k >= 0 else k ^ (MASK >> 1)) & MASK
    need(kind == 6, "values of an unknown kind")
    low = k & 0xFFFFFFFF
    return float32_bits(low ^ 0x7FFFFFFF if low >> 31 else low)


def float32_bits(low):
    """float32 to float64 by hand: Python's own way may change what kind of NaN it is."""
    sign, exponent, mantissa = low >> 31, low >> 23 & 0xFF, low & 0x7FFFFF
    if exponent == 0xFF:
        return sign << 63 | 0x7FF << 52 | mantissa << 29
    return bits_of(struct.unpack("<f", struct.pack("<I", low))[0])


def read_numbers(blob, n):
    head = blob.byte()
    kind, digits = head & 7, head >> 4
    need(digits <= 12, "values have too many digits")
    values = [number_bits(kind, digits, k) for k in blob.walk(n)]
    if head & 8:
        odd, at = blob.list(), 0
        while odd.at < len(odd.data):
            at += odd.varint()
            need(at < n, "an odd value is behind the last")
            values[at] = int.from_bytes(odd.bytes(8), "little")
            at += 1
    return values


def read_texts(blob, n):
    texts = blob.list().data.split(b"\0")[:-1]
    numbers = blob.walk(n)
    need(all(0 <= k < len(texts) for k in numbers), "a text is missing")
    return [texts[k] for k in numbers]


def read_sums(blob, times):
    """What samples stand for, by their places: (samples, time of the last, bits of last, least, most, sum, area)."""
    m, at, sums = blob.varint(), -1, {}
    need(0 < m <= len(times), "too many sums")
    steps, counts, spans = blob.column(m), blob.column(m), blob.column(m)
    numbers = [read_numbers(blob, m) for _ in range(5)]
    for step, count, span, *values in zip(steps, counts, spans, *numbers):
        at += step + 1
        need(at < len(times), "a sum is behind the last sample")
        sums[at] = (count + 2, times[at] + span, *values)
    return sums


def read_blob(data):
    """Type of the values, and samples as (time, quality, code, value, sum); a value is its 64 bits, or the bytes of a text; sum: read_sums(), or None."""
    blob = Reader(data)
    version = blob.byte()
    need(version in (1, 2), "it has another version")
    head = blob.byte()
    need(head & 0x0F < len(TYPES) and head < 0x20, "values of an unknown type")
    kind, n, first = TYPES[head & 0x0F], blob.varint(), blob.zigzag()
    need(1 <= n <= SAMPLES_MAX, "too many samples")
    times = read_times(blob, n, first)
    marks = read_qualities(blob, n) if head & 0x10 else [(0, 0, 1)] * n
    standing = sum(mark[2] for mark in marks)
    values = iter([] if standing == 0 else (read_texts if kind == "text" else read_numbers)(blob, standing))
    nothing = b"" if kind == "text" else 0
    stand = [next(values) if has else nothing for _, _, has in marks]
    sums = read_sums(blob, times) if version == 2 else {}
    samples = [(t, quality, code, value, sums.get(i)) for i, (t, (quality, code, _), value) in enumerate(zip(times, marks, stand))]
    need(blob.at == len(data), "it goes on behind its end")
    return kind, samples


def value_text(kind, value):
    if kind == "text":
        return value.decode(errors="replace")
    if kind in ("float", "float32"):
        return repr(struct.unpack("<d", struct.pack("<Q", value))[0])
    return str(value if kind == "uint" else signed(value))


def main(names):
    for name in names:
        try:
            with open(name, "rb") as file:
                kind, samples = read_blob(file.read())
        except (Damaged, OSError) as error:
            sys.exit(f"chunk_read.py: {name}: {error}")
        for t, quality, code, value, stands_for in samples:
            more = [] if stands_for is None else [*stands_for[:2], *(value_text("float", bits) for bits in stands_for[2:])]
            print(t, quality, code, value_text(kind, value), *more, sep="\t")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
