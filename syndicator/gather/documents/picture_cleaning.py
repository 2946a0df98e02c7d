"""Pictures made harmless: decoded, and written anew. For the pool: decoders are C, and bytes hostile.

What comes out holds pixels and nothing else: no metadata (EXIF has the place of the photographer), no colour
profile, no script behind the last pixel, no second frame.
"""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from msgspec import Struct
from PIL import Image, ImageOps

from syndicator.errors import NotReadable
from syndicator.model.fetch import Reason

MAX_PIXELS = 40_000_000
"""Of a picture as it comes; a camera's have 24 million, decoded to 3 or 4 bytes each."""
MAX_VIDEO_PIXELS = 24_000_000
"""Of WebP and AVIF, which are decoded as frames of video, several times over in memory."""
MEMORY_BYTES = 512 * 1024 * 1024
"""What a worker needs for the largest."""
MAX_SIDE = 2000
"""Pixels of what goes out."""

_OPAQUE = 255

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
"""All that is decoded: formats of the web. Others, and their decoders, only have holes to offer."""
_JPEG_QUALITY = 82
_WEBP_QUALITY = 80
_DECODER_ERRORS = (
    OSError,  # UnidentifiedImageError is one; so is "image file is truncated"
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    RuntimeError,  # of the decoder of AVIF, also when it is out of memory
    struct.error,
)
"""What Pillow's decoders raise for bytes that are not what they should be."""


class CleanPicture(Struct, frozen=True, kw_only=True):
    """A picture that is safe to be served."""

    media_type: str
    """`image/jpeg`, `image/png` or `image/webp`."""
    body: bytes
    width: int
    height: int


def clean_picture(body: bytes) -> CleanPicture:
    """Decode a picture and encode it anew, upright, at most 2000 pixels a side.

    Of an animation the first frame is taken.

    NotReadable "malformed" for what is no JPEG, PNG, GIF, WebP or AVIF, is damaged, or is one pixel;
    "too_large" for more than 40 million pixels (of WebP and AVIF 24), which is seen before any is decoded.
    """
    with _decoding(), Image.open(BytesIO(body), formats=_FORMATS) as opened:
        _check_size(opened)
        opened.thumbnail((MAX_SIDE, MAX_SIDE))
        upright = ImageOps.exif_transpose(opened)
        return _encoded(upright)


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > (MAX_VIDEO_PIXELS if image.format in {"WEBP", "AVIF"} else MAX_PIXELS):
        raise NotReadable(Reason.TOO_LARGE, f"the picture has {width} × {height} pixels")
    if width <= 1 or height <= 1:
        raise NotReadable(Reason.MALFORMED, "the picture is one pixel, which counts visits")


def _encoded(image: Image.Image) -> CleanPicture:
    """See-through ones become WebP, drawings with a palette PNG, all others JPEG."""
    written = BytesIO()
    if _is_see_through(image):
        kind = "webp"
        _bare(image.convert("RGBA")).save(written, "WEBP", quality=_WEBP_QUALITY)
    elif image.mode in {"1", "P"}:
        kind = "png"
        _bare(image).save(written, "PNG", optimize=True)
    else:
        kind = "jpeg"
        _bare(image.convert("L" if image.mode in {"L", "LA"} else "RGB")).save(
            written, "JPEG", quality=_JPEG_QUALITY, optimize=True, progressive=True
        )
    width, height = image.size
    return CleanPicture(media_type=f"image/{kind}", body=written.getvalue(), width=width, height=height)


def _is_see_through(image: Image.Image) -> bool:
    """Return whether any pixel is; an alpha channel alone says nothing."""
    if not image.has_transparency_data:
        return False
    darkest, _ = image.convert("RGBA").getchannel("A").getextrema()
    return darkest != _OPAQUE


def _bare(image: Image.Image) -> Image.Image:
    """Drop all but the pixels: writers take metadata from there by themselves."""
    image.info = {}
    return image


@contextmanager
def _decoding() -> Iterator[None]:
    """Make what decoders raise one reason. MemoryError passes: the pool says what that means."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except NotReadable:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotReadable(Reason.TOO_LARGE, "the picture has far too many pixels") from error
    except _DECODER_ERRORS as error:
        raise NotReadable(Reason.MALFORMED, f"it cannot be decoded ({type(error).__name__})") from error
