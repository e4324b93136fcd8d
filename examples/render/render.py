#!/usr/bin/env python3
"""A picture, traced light ray by light ray, that is too much work for one evening of one laptop.

    render.py strip SCENE [INDEX COUNT] [-o FILE]   one of COUNT strips of the picture
    render.py join  STRIP… -o FILE.png              the picture of all its strips
    render.py whole SCENE COUNT -o FILE.png         all of it here, strip by strip

INDEX and COUNT default to FOG_TASK_INDEX and FOG_TASK_COUNT, which Fog sets for each task of a session.
A strip that is interrupted goes on where it was: its finished rows lie in FOG_CHECKPOINT_DIR.

Only Python's own library is used.  Chance comes from the scene's seed and the pixel's place, and of
floating point nothing but + - * / and square roots, which every machine rounds alike: whoever
computes a strip, its bytes are the same.
"""
import argparse
import json
import math
import os
import random
import struct
import sys
import zlib

MAGIC = b"fog-strip 1\n"
FAR = 1e9
NEAR = 1e-4


def add(a, b):
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def sub(a, b):
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def scale(a, k):
    return (a[0] * k, a[1] * k, a[2] * k)


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def unit(a):
    return scale(a, 1.0 / math.sqrt(dot(a, a)))


def cross(a, b):
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


class Camera:
    def __init__(self, scene):
        view = scene["camera"]
        self.eye = tuple(view["eye"])
        forward = unit(sub(tuple(view["at"]), self.eye))
        right = unit(cross(forward, (0.0, 1.0, 0.0)))
        up = cross(right, forward)
        width, height = scene["width"], scene["height"]
        self.right = scale(right, view["zoom"] * width / height)
        self.up = scale(up, view["zoom"])
        self.forward = forward
        self.width, self.height = width, height

    def ray(self, x, y):
        across = 2.0 * x / self.width - 1.0
        upward = 1.0 - 2.0 * y / self.height
        return unit(add(self.forward, add(scale(self.right, across), scale(self.up, upward))))


def nearest(scene, origin, towards):
    """The sphere that a ray meets first, and how far away; None when it meets none."""
    best, distance = None, FAR
    for ball in scene["balls"]:
        gap = sub(origin, ball["centre"])
        half = dot(gap, towards)
        root = half * half - dot(gap, gap) + ball["radius"] * ball["radius"]
        if root <= 0.0:
            continue
        root = math.sqrt(root)
        for way in (-half - root, -half + root):
            if NEAR < way < distance:
                best, distance = ball, way
                break
    return best, distance


def scattered(normal, chance):
    """A direction away from a dull surface: a point of the unit ball, by trial."""
    while True:
        point = (chance.random() * 2 - 1, chance.random() * 2 - 1, chance.random() * 2 - 1)
        if NEAR < dot(point, point) <= 1.0:
            return unit(add(normal, scale(unit(point), 0.999)))


def light(scene, origin, towards, chance):
    """How bright it is in a direction, as red, green and blue."""
    share = (1.0, 1.0, 1.0)
    for _ in range(scene["bounces"]):
        ball, distance = nearest(scene, origin, towards)
        if ball is None:
            sky = 0.5 * (towards[1] + 1.0)
            low, high = scene["sky"]
            return tuple(s * (a + (b - a) * sky) for s, a, b in zip(share, low, high))
        if "glow" in ball:
            return tuple(s * g for s, g in zip(share, ball["glow"]))
        origin = add(origin, scale(towards, distance))
        normal = scale(sub(origin, ball["centre"]), 1.0 / ball["radius"])
        if dot(normal, towards) > 0.0:
            normal = scale(normal, -1.0)
        if chance.random() < ball.get("mirror", 0.0):
            towards = sub(towards, scale(normal, 2.0 * dot(towards, normal)))
        else:
            towards = scattered(normal, chance)
        share = tuple(s * c for s, c in zip(share, ball["colour"]))
    return (0.0, 0.0, 0.0)


def row_of(scene, camera, y):
    pixels = bytearray()
    for x in range(scene["width"]):
        chance = random.Random((scene["seed"] * 100003 + y) * 100003 + x)
        total = (0.0, 0.0, 0.0)
        for _ in range(scene["rays"]):
            towards = camera.ray(x + chance.random(), y + chance.random())
            total = add(total, light(scene, camera.eye, towards, chance))
        for part in total:
            pixels.append(min(255, int(256.0 * math.sqrt(part / scene["rays"]))))
    return bytes(pixels)


def kept_rows(folder, first, last, width):
    """Rows that an earlier try finished, from `first` on without a gap."""
    rows = []
    while folder and first + len(rows) < last:
        try:
            with open(os.path.join(folder, "row-%d" % (first + len(rows))), "rb") as file:
                row = file.read()
        except FileNotFoundError:
            break
        if len(row) != 3 * width:
            break
        rows.append(row)
    return rows


def keep_row(folder, y, row):
    if folder:
        path = os.path.join(folder, "row-%d" % y)
        with open(path + ".new", "wb") as file:
            file.write(row)
        os.replace(path + ".new", path)


def strip_of(scene, index, count, folder=None):
    """The bytes of one strip: its first row, its height, the picture's size, and its pixels."""
    width, height = scene["width"], scene["height"]
    first, last = height * index // count, height * (index + 1) // count
    camera = Camera(scene)
    rows = kept_rows(folder, first, last, width)
    for y in range(first + len(rows), last):
        rows.append(row_of(scene, camera, y))
        keep_row(folder, y, rows[-1])
    head = struct.pack(">4I", first, last - first, width, height)
    return MAGIC + head + b"".join(rows)


def png_chunk(name, data):
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_of(strips):
    """Joins strips, in whatever order they come; refuses what does not make one whole picture."""
    rows, size = {}, None
    for name, data in strips:
        head = len(MAGIC) + 16
        if not data.startswith(MAGIC) or len(data) < head:
            sys.exit("render.py: %s is not a strip" % name)
        first, count, width, height = struct.unpack(">4I", data[len(MAGIC) : head])
        if len(data) != head + 3 * width * count or (size or (width, height)) != (width, height):
            sys.exit("render.py: %s does not belong to this picture" % name)
        size = (width, height)
        for y in range(count):
            begin = head + 3 * width * y
            rows[first + y] = data[begin : begin + 3 * width]
    missing = [y for y in range(size[1]) if y not in rows] if size else [0]
    if missing:
        sys.exit("render.py: row %d is missing, and %d others" % (missing[0], len(missing) - 1))
    lines = b"".join(b"\0" + rows[y] for y in range(size[1]))
    header = struct.pack(">2I5B", size[0], size[1], 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(lines, 9))
        + png_chunk(b"IEND", b"")
    )


def read_scene(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path, data):
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)


def read_strip(path):
    with open(path, "rb") as file:
        return path, file.read()


def main():
    parser = argparse.ArgumentParser(description="Renders a picture, whole or in strips.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    strip = verbs.add_parser("strip", help="one strip")
    strip.add_argument("scene")
    strip.add_argument("index", type=int, nargs="?", default=os.environ.get("FOG_TASK_INDEX"))
    strip.add_argument("count", type=int, nargs="?", default=os.environ.get("FOG_TASK_COUNT"))
    strip.add_argument("-o", "--output", default="strip")
    join = verbs.add_parser("join", help="the picture of all strips")
    join.add_argument("strips", nargs="+")
    join.add_argument("-o", "--output", required=True)
    whole = verbs.add_parser("whole", help="the picture, made here")
    whole.add_argument("scene")
    whole.add_argument("count", type=int)
    whole.add_argument("-o", "--output", required=True)
    told = parser.parse_args()

    if told.verb == "join":
        write(told.output, png_of(read_strip(path) for path in told.strips))
        return
    scene = read_scene(told.scene)
    if told.verb == "whole":
        strips = ((str(i), strip_of(scene, i, told.count)) for i in range(told.count))
        write(told.output, png_of(strips))
        return
    if told.index is None or told.count is None or not 0 <= told.index < told.count:
        sys.exit("render.py: which strip, and of how many?  Say INDEX and COUNT")
    write(
        told.output,
        strip_of(scene, told.index, told.count, os.environ.get("FOG_CHECKPOINT_DIR")),
    )


if __name__ == "__main__":
    main()
