"""QR codes, drawn here."""

from base64 import b64encode
from io import BytesIO

import pyqrcode


def qr_svg(text: str) -> str:
    """Draw a QR code as an SVG of black modules with its quiet zone; error correction M bears a crease in the paper."""
    drawn = BytesIO()
    # Without width and height it can be shown at any size, and stays whole.
    pyqrcode.create(text, error="M", encoding="utf-8").svg(
        drawn, scale=8, background="#fff", xmldecl=False, svgclass=None, lineclass=None, title="QR", omithw=True
    )
    return drawn.getvalue().decode()


def data_uri(svg: str) -> str:
    """Put an SVG into an address that shows it wherever pictures may be shown."""
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
