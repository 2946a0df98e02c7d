"""Pictures decoded and written anew, and what pretends to be one."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from syndicator.errors import NotReadable
from syndicator.gather.documents.parser_pool import open_pool
from syndicator.gather.documents.picture_cleaning import MAX_SIDE, MEMORY_BYTES, CleanPicture, clean_picture

ORIENTATION, GPS = 0x0112, 0x8825


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    written = BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


def photo(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    image = Image.linear_gradient("L").resize((width, height)).convert(mode)
    if mode in {"RGBA", "LA"}:
        image.putalpha(120)
    return image


def opened(picture: CleanPicture) -> Image.Image:
    image = Image.open(BytesIO(picture.body))
    image.load()
    assert image.size == (picture.width, picture.height)
    assert Image.MIME[image.format or ""] == picture.media_type
    return image


def png_of(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (encoded(photo(), "JPEG"), "image/jpeg"),
        (encoded(photo(mode="L"), "JPEG"), "image/jpeg"),
        (encoded(photo(mode="CMYK"), "JPEG"), "image/jpeg"),
        (encoded(photo(), "PNG"), "image/jpeg"),
        (encoded(photo(mode="I;16"), "PNG"), "image/jpeg"),
        (encoded(photo(), "WEBP"), "image/jpeg"),
        (encoded(photo(), "AVIF"), "image/jpeg"),
        (encoded(photo().quantize(8), "GIF"), "image/png"),
        (encoded(photo(mode="1"), "PNG"), "image/png"),
        (encoded(photo(mode="RGBA"), "PNG"), "image/webp"),
        (encoded(photo(mode="LA"), "PNG"), "image/webp"),
        (encoded(photo(mode="RGBA"), "WEBP"), "image/webp"),
        (encoded(photo().convert("RGBA"), "PNG"), "image/jpeg"),
    ],
)
def test_formats_of_the_web(body: bytes, media_type: str) -> None:
    picture = clean_picture(body)
    assert picture.media_type == media_type
    assert (picture.width, picture.height) == (60, 40)
    opened(picture)


def test_large_ones_are_made_smaller() -> None:
    picture = clean_picture(encoded(photo(5000, 2500), "JPEG"))
    assert (picture.width, picture.height) == (MAX_SIDE, MAX_SIDE // 2)


def test_turned_upright_and_without_what_the_camera_wrote() -> None:
    image = Image.new("RGB", (60, 40), "red")
    image.paste("blue", (0, 0, 60, 10))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x010F] = "Kamera Rahasia"
    exif.get_ifd(GPS)[1] = "S"
    told = encoded(image, "JPEG", exif=exif, comment=b"rahasia", icc_profile=b"profil" * 40, quality=95)
    assert b"Rahasia" in told
    picture = clean_picture(told)
    clean = opened(picture)
    assert (picture.width, picture.height) == (40, 60)
    red, _, blue = clean.convert("RGB").getpixel((38, 30))  # type: ignore[misc]  # of RGB there are three
    assert blue > red, "the top is now at the right"
    assert not clean.getexif()
    for secret in (b"ahasia", b"profil", b"Exif"):
        assert secret not in picture.body


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame(form: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    body = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=50)
    clean = opened(clean_picture(body))
    assert getattr(clean, "n_frames", 1) == 1
    red, green, blue = clean.convert("RGB").getpixel((10, 10))  # type: ignore[misc]  # of RGB there are three
    assert red > 200
    assert max(green, blue) < 60


def test_what_stands_behind_the_picture_is_gone() -> None:
    script = b"<script>alert(1)</script>"
    for form in ("JPEG", "PNG", "GIF"):
        assert script not in clean_picture(encoded(photo(), form) + script).body
    comment = encoded(photo().quantize(8), "GIF", comment=script)
    assert script in comment
    assert script not in clean_picture(comment).body


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed"),
        (b"<!doctype html><title>x</title>", "malformed"),
        (b"GIF89a/*<script>*/=1;alert(1)//", "malformed"),
        (b"GIF89a" + b"\xff" * 400, "malformed"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "malformed"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 50, "malformed"),
        (encoded(photo(600, 400), "JPEG")[:900], "malformed"),
        (encoded(photo(600, 400), "PNG")[:200], "malformed"),
        (encoded(photo(), "BMP"), "malformed"),
        (encoded(photo(), "TIFF"), "malformed"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "malformed"),
        (encoded(photo(1, 1), "GIF"), "malformed"),
        (encoded(photo(400, 1), "PNG"), "malformed"),
        (png_of(50_000, 50_000, zlib.compress(b"\0" * 1000)), "too_large"),
        (png_of(10_000, 10_000, zlib.compress(b"\0" * 1000)), "too_large"),
        (png_of(6_400, 6_400, zlib.compress(b"\0" * 1000)), "too_large"),
        (png_of(2_000_000_000, 2_000_000_000, b""), "too_large"),
        (png_of(3, 3, b"no zlib at all"), "malformed"),
        (b"GIF89a\xff\xff\xff\xff\x80\0\0" + b"\0" * 6 + b",\0\0\0\0\xff\xff\xff\xff\0\x08\0;", "too_large"),
    ],
)
def test_what_is_no_picture(body: bytes, reason: str) -> None:
    with pytest.raises(NotReadable) as caught:
        clean_picture(body)
    assert caught.value.reason == reason


def test_a_gif_of_very_many_frames_costs_one() -> None:
    body = encoded(photo().quantize(8), "GIF")
    start = body.index(b",")
    picture = clean_picture(body[:-1] + body[start:-1] * 20_000 + b";")
    assert (picture.width, picture.height) == (60, 40)


def largest(form: str, mode: str = "RGB", **options: object) -> bytes:
    """Give a picture of as many pixels as are taken."""
    width, height = (6000, 4000) if form in {"WEBP", "AVIF"} else (8000, 5000)
    return encoded(photo(width, height, mode), form, **options)


@pytest.mark.slow
async def test_the_largest_that_is_taken_fits_into_a_worker() -> None:
    bodies = [
        largest("JPEG", progressive=True),
        largest("PNG", "RGBA", compress_level=1),
        largest("WEBP", "RGBA", method=0),
        largest("AVIF", "RGBA", speed=10),
    ]
    async with open_pool(workers=1) as pool:
        for body in bodies:
            picture = await pool.run(clean_picture, body, timeout_s=40, memory_bytes=MEMORY_BYTES)
            assert picture.width == MAX_SIDE


def test_larger_ones_of_video_codecs_are_refused() -> None:
    for form in ("WEBP", "AVIF"):
        options = {"method": 0} if form == "WEBP" else {"speed": 10}
        with pytest.raises(NotReadable) as caught:
            clean_picture(encoded(photo(6001, 4000), form, **options))
        assert caught.value.reason == "too_large"
