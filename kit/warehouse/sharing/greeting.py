"""Who may speak: both sides prove that they know the secret of the owner's note before anything else is read.

The secret itself is never sent, so that a stranger who listens on a port that an owner once had learns nothing. The
version is told first: a client of another version hears which one the owner speaks.

    owner  -> CHALLENGE  protocol, nonce
    client -> PROOF      protocol, nonce, HMAC(secret, "client" + both nonces)
    owner  -> WELCOME    HMAC(secret, "owner" + both nonces)     or REFUSED code, message, hint
"""

from __future__ import annotations

import hmac
import json
import os
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any, Final

from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.warehouse.sharing.frames import FRAME_BYTES, PROTOCOL, Channel, Frame, Kind, MalformedFrame

NONCE_BYTES: Final = 32
GREETING_SECONDS: Final = 30.0
NOT_ADMITTED: Final = "28000"
OTHER_VERSION: Final = "08P01"


def admit(channel: Channel, secret: bytes, entropy: Entropy) -> None:
    """The owner's part; raises `KitError` where the other side may not speak, having told it why."""
    uid = peer_uid(channel.socket)
    nonce = entropy.bytes(NONCE_BYTES)
    _send(channel, Kind.CHALLENGE, {"protocol": PROTOCOL, "nonce": nonce.hex()})
    told = _read(channel, Kind.PROOF)
    theirs = _bytes(told, "nonce")
    if told.get("protocol") != PROTOCOL:
        raise _refused(channel, other_version(told.get("protocol"), PROTOCOL))
    proof = _bytes(told, "proof")
    if not _is_own(uid) or not hmac.compare_digest(proof, _proof(secret, b"client", nonce, theirs)):
        raise _refused(channel, not_admitted())
    _send(channel, Kind.WELCOME, {"proof": _proof(secret, b"owner", nonce, theirs).hex()})
    channel.limit_bytes = FRAME_BYTES


def introduce(channel: Channel, secret: bytes, entropy: Entropy, protocol: int = PROTOCOL) -> None:
    """The client's part; raises `KitError` where it is not admitted, or where the other side is not the owner."""
    if not _is_own(peer_uid(channel.socket)):
        raise not_admitted()
    asked = _read(channel, Kind.CHALLENGE)
    nonce = entropy.bytes(NONCE_BYTES)
    theirs = _bytes(asked, "nonce")
    proof = _proof(secret, b"client", theirs, nonce)
    _send(channel, Kind.PROOF, {"protocol": protocol, "nonce": nonce.hex(), "proof": proof.hex()})
    welcome = _read(channel, Kind.WELCOME)
    if not hmac.compare_digest(_bytes(welcome, "proof"), _proof(secret, b"owner", theirs, nonce)):
        raise not_admitted()
    channel.limit_bytes = FRAME_BYTES


def not_admitted() -> KitError:
    return KitError(
        NOT_ADMITTED,
        "The owner of the warehouse did not recognise this process, or is not the one that its note names.",
        "Run both as the same user on the same workspace.",
    )


def other_version(theirs: object, ours: int) -> KitError:
    return KitError(
        OTHER_VERSION,
        f"The owner of the warehouse speaks version {ours} of its protocol, this process version {theirs}.",
        "Restart the kernels, so that all of them run the same Boathouse.",
    )


def peer_uid(connected: socket.socket) -> int | None:
    """The user on the other side, by the operating system's word; None where it does not say."""
    if connected.family != getattr(socket, "AF_UNIX", None):
        return None
    if hasattr(socket, "SO_PEERCRED"):
        _, uid, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return int(uid)
    if sys.platform == "darwin":  # LOCAL_PEERCRED at SOL_LOCAL gives a struct xucred: version, uid, groups
        _, uid = struct.unpack("Ii", connected.getsockopt(0, 1, 76)[:8])
        return int(uid)
    return None


def _is_own(uid: int | None) -> bool:
    if uid is None:
        return True
    return uid == os.getuid()


def _proof(secret: bytes, side: bytes, owners: bytes, clients: bytes) -> bytes:
    return hmac.digest(secret, side + owners + clients, "sha256")


def _refused(channel: Channel, error: KitError) -> KitError:
    _send(channel, Kind.REFUSED, {"code": error.code, "message": error.message, "hint": error.hint})
    return error


def _send(channel: Channel, kind: Kind, told: Mapping[str, Any]) -> None:
    channel.send(Frame(kind, body=json.dumps(told).encode()))


def _read(channel: Channel, wanted: Kind) -> Mapping[str, Any]:
    frame = channel.receive()
    if frame.kind not in {wanted, Kind.REFUSED}:
        raise MalformedFrame(f"{frame.kind.name} where {wanted.name} was expected")
    try:
        told = json.loads(frame.body)
    except ValueError as error:
        raise MalformedFrame("a greeting that is not JSON") from error
    if not isinstance(told, dict):
        raise MalformedFrame("a greeting that is not an object")
    if frame.kind is Kind.REFUSED:
        raise KitError(*(str(told.get(name, "")) for name in ("code", "message", "hint")))
    return told


def _bytes(told: Mapping[str, Any], name: str) -> bytes:
    try:
        return bytes.fromhex(told[name])
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedFrame(f"a greeting without {name}") from error
