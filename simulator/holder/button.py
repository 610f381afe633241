"""An encrypted BTHome button: what it broadcasts when it is pressed."""

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

PRESS, DOUBLE, TRIPLE, LONG = 1, 2, 3, 4


class ButtonFob:
    """A button with its own key and counter."""

    def __init__(self, address: str, bindkey: bytes, counter: int = 0) -> None:
        """Have an address such as `54:48:E6:8F:80:A5` and a key of 16 bytes."""
        self.address = address
        self.bindkey = bindkey
        self.counter = counter
        self._packet_id = 0

    def pressed(self, event: int = PRESS, *, battery: int = 100, again: bool = False) -> bytes:
        """Return the service data of a press; `again` repeats the last one's packet id, counted on."""
        if not again:
            self._packet_id = (self._packet_id + 1) % 256
        return self.packet(bytes([0x00, self._packet_id, 0x01, battery, 0x3A, event]))

    def packet(self, objects: bytes, information: int = 0x45) -> bytes:
        """Return service data with these objects, and count on."""
        self.counter += 1
        head, counter = bytes([information]), self.counter.to_bytes(4, "little")
        nonce = bytes.fromhex(self.address.replace(":", "")) + b"\xd2\xfc" + head + counter
        sealed = AESCCM(self.bindkey, tag_length=4).encrypt(nonce, objects, None)
        return head + sealed[:-4] + counter + sealed[-4:]
