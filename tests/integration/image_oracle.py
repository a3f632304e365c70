#!/usr/bin/python3
"""Image folders as people have them, read by `tbft data export` and, independently, by Pillow with torchvision's Resize and
CenterCrop. The largest difference of a value is at most 1 grey level.

torchvision is used where it is installed. Otherwise its two functions are those below, written from its documentation.

usage: image_oracle.py TBFT CASE
"""
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageOps

TBFT, CASE = sys.argv[1:]
RNG = np.random.RandomState(3)
SIZES = [(64, 64), (91, 64), (64, 93), (200, 131), (33, 47), (480, 360), (65, 300), (40, 40), (57, 58)]


def resize_and_crop(image, resize, crop):
    try:
        from torchvision import transforms

        return transforms.CenterCrop(crop)(transforms.Resize(resize)(image))
    except ImportError:
        pass
    short, long = min(image.size), max(image.size)
    if short != resize:
        scaled = (resize, int(resize * long / short))
        image = image.resize(scaled if image.width <= image.height else scaled[::-1], Image.BILINEAR)
    left, top = int(round((image.width - crop) / 2.0)), int(round((image.height - crop) / 2.0))
    return image.crop((left, top, left + crop, top + crop))


def photo(size, channels=3):
    """Smooth shapes under noise, so that both filtering and rounding show."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    planes = [127 + 90 * np.sin(x / (5 + 3 * c) + c) * np.cos(y / (7 + 2 * c)) for c in range(channels)]
    return np.clip(np.stack(planes, -1) + RNG.normal(0, 12, (size[1], size[0], channels)), 0, 255).astype(np.uint8)


def mixed_sizes_png(folder):
    for i, size in enumerate(SIZES):
        Image.fromarray(photo(size)).save(f"{folder}/{i}.png")


def mixed_sizes_jpeg(folder):
    for i, size in enumerate(SIZES):
        Image.fromarray(photo(size)).save(f"{folder}/{i}.jpg", quality=92, progressive=i % 2 == 1)


def grayscale(folder):
    for i, size in enumerate(SIZES[:4]):
        grey = Image.fromarray(photo(size, 1)[:, :, 0])
        grey.save(f"{folder}/{i}.png")
        grey.save(f"{folder}/{i}j.jpg", quality=92)
        grey.convert("1").save(f"{folder}/{i}one-bit.png")


def rgba(folder):
    for i, size in enumerate(SIZES[:4]):
        Image.fromarray(photo(size, 4)).save(f"{folder}/{i}.png")
        Image.fromarray(photo(size, 2), "LA").save(f"{folder}/{i}grey.png")


def palette(folder):
    for i, size in enumerate(SIZES[:4]):
        for colours in (2, 16, 200):
            image = Image.fromarray(photo(size)).quantize(colours)
            image.save(f"{folder}/{i}-{colours}.png")
        image.save(f"{folder}/{i}-transparent.png", transparency=3)


def sixteen_bits(folder):
    for i, size in enumerate(SIZES[:4]):
        low = RNG.randint(0, 256, (size[1], size[0]))
        wide = photo(size, 1)[:, :, 0].astype(np.int32) * 256 + low
        Image.fromarray(wide.astype(np.uint16)).save(f"{folder}/{i}.png")


def exif_orientation(folder):
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = Image.fromarray(photo((120, 80)))
        image.save(f"{folder}/{orientation}.jpg", quality=92, exif=exif)
        image.save(f"{folder}/{orientation}p.png", exif=exif)


def rgb(path):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):  # 16 bits; Pillow's own conversion clips instead of scaling
        return Image.fromarray((np.array(image).astype(np.int32) >> 8).astype(np.uint8)).convert("RGB")
    return image.convert("RGB")


CASES = [mixed_sizes_png, mixed_sizes_jpeg, grayscale, rgba, palette, sixteen_bits, exif_orientation]


def main():
    make = {case.__name__: case for case in CASES}[CASE]
    with tempfile.TemporaryDirectory() as work:
        os.makedirs(f"{work}/in/a")
        make(f"{work}/in/a")
        files = sorted(glob.glob(f"{work}/in/a/*"))
        assert len(files) >= 4, files
        for resize, crop in ((64, 56), (48, 48), (100, 99), (33, 32)):
            out = f"{work}/out{resize}"
            spec = f"imagefolder:{work}/in?resize={resize}&crop={crop}"
            subprocess.run([TBFT, "data", "export", "--dataset", spec, "-o", out], check=True, stdout=subprocess.DEVNULL)
            made = sorted(glob.glob(f"{out}/a/*.png"))
            assert len(made) == len(files), (len(made), len(files))
            worst = 0
            for path, ours in zip(files, made):
                wanted = np.array(resize_and_crop(rgb(path), resize, crop)).astype(int)
                got = np.array(Image.open(ours)).astype(int)
                assert got.shape == wanted.shape == (crop, crop, 3), (path, got.shape, wanted.shape)
                difference = np.abs(got - wanted).max()
                worst = max(worst, difference)
                assert difference <= 1, f"{os.path.basename(path)}, resize {resize}, crop {crop}: differs by {difference} grey levels"
            print(f"{CASE}, resize {resize}, crop {crop}: {len(files)} images, largest difference {worst}")


main()
