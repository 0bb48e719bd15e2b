"""Colours of classes, equal in the page and in the figures.

The ten were chosen by a search that maximises the smallest OKLab distance between any two, as seen with normal vision and with
simulated protanopia, deuteranopia and tritanopia (Machado et al. 2009), at lightness that shows on white and on near black.
"""

CLASSES = (
    "#1960a5", "#fdc74d", "#d9697e", "#30b4c6", "#ae9904",
    "#897de2", "#8e3d69", "#68eeb4", "#64620a", "#cfc4ff",
)  # fmt: skip
NEUTRAL = "#9aa1ab"  # no dominant class, or several clusters of different classes
TINTS = (None, (255, 0.5), (0, 0.4))  # rounds of the cycle: as is, half way to white, two fifths towards black


def class_color(index):
    """Colour of a class as #rrggbb; from the eleventh on the cycle returns lighter, then darker."""
    if index < 0:
        return NEUTRAL
    color = CLASSES[index % len(CLASSES)]
    tint = TINTS[index // len(CLASSES) % len(TINTS)]
    if tint is None:
        return color
    target, share = tint
    channels = (int(color[k : k + 2], 16) for k in (1, 3, 5))
    return "#" + "".join(f"{round(c + (target - c) * share):02x}" for c in channels)
