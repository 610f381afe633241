from typing import IO

class QRCode:
    def svg(
        self,
        file: IO[bytes],
        scale: int = ...,
        module_color: str = ...,
        background: str | None = ...,
        quiet_zone: int = ...,
        xmldecl: bool = ...,
        svgns: bool = ...,
        title: str | None = ...,
        svgclass: str | None = ...,
        lineclass: str | None = ...,
        omithw: bool = ...,
    ) -> None: ...

def create(
    content: str,
    error: str = ...,
    version: int | None = ...,
    mode: str | None = ...,
    encoding: str | None = ...,
) -> QRCode: ...
