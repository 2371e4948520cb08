"""Photos drawn on the spot: a sky, a sun, hills. Small, and no two alike."""

import io

from PIL import Image, ImageDraw

from sealwax.demo.chance import Chance

WIDTH, HEIGHT = 640, 480


def draw_photo(chance: Chance) -> bytes:
    """A JPEG of about 15 to 40 KB."""
    top = (chance.between(20, 120), chance.between(90, 170), chance.between(180, 250))
    bottom = (chance.between(220, 255), chance.between(150, 220), chance.between(110, 190))
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    for y in range(HEIGHT):
        share = y / HEIGHT
        colour = tuple(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
        draw.line(((0, y), (WIDTH, y)), fill=colour)
    radius = chance.between(24, 60)
    x, y = chance.between(60, WIDTH - 60), chance.between(50, HEIGHT // 2)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 236, 170))
    for layer in range(3):
        _hills(draw, chance, HEIGHT // 2 + 60 * layer, 70 - 18 * layer)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=85)
    return written.getvalue()


def _hills(draw: ImageDraw.ImageDraw, chance: Chance, base: int, light: int) -> None:
    colour = (light + chance.below(30), light + 40 + chance.below(40), light + chance.below(30))
    points: list[tuple[int, int]] = [(0, HEIGHT)]
    points += [(x, base + chance.between(-40, 40)) for x in range(0, WIDTH + 80, 80)]
    points.append((WIDTH, HEIGHT))
    draw.polygon(points, fill=colour)
