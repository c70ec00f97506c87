"""Reads a WebSocket slowly, with a small receive buffer, which Node can't set. Says in one line of JSON what it got.

Arguments: port, path, token, bytes a second. Says "open" once the handshake is through; then each line of standard input
is sent as it is, in hexadecimal, until the line "read" comes. It answers nothing, no ping and no close.
"""

import base64
import json
import os
import socket
import sys
import time

port, path, token, per_second = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
peer = socket.socket()
peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
peer.settimeout(60)
peer.connect(("127.0.0.1", port))
key = base64.b64encode(os.urandom(16)).decode()
peer.sendall(
    f"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
    f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
)
head = b""
while not head.endswith(b"\r\n\r\n"):
    head += peer.recv(1)
print("open" if b" 101 " in head.split(b"\r\n")[0] else head.decode(), flush=True)
for line in sys.stdin:
    if line.strip() == "read":
        break
    peer.sendall(bytes.fromhex(line))

data, frames, code, last, begun, got = b"", {}, None, None, time.monotonic(), 0
while code is None:
    try:
        some = peer.recv(max(1_024, per_second // 50))
    except OSError as error:
        code = repr(error)
        break
    if not some:
        code = "end without a close"
        break
    data += some
    got += len(some)
    time.sleep(max(0, got / per_second - (time.monotonic() - begun)))
    while len(data) >= 2:
        length, at = data[1] & 127, 2
        if length == 126:
            length, at = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, at = int.from_bytes(data[2:10], "big"), 10
        if len(data) < at + length:
            break
        opcode, body, data = data[0], data[at : at + length], data[at + length :]
        if opcode == 0x88:
            code = int.from_bytes(body[:2], "big")
        elif opcode == 0x81:
            frame = json.loads(body)
            last = frame["msg"].get("text", "")[:64]
            frames[frame["type"]] = frames.get(frame["type"], 0) + 1
            if last == "stop":
                code = "read all"
        elif opcode != 0x89:
            code = f"a frame that begins with {opcode:02x}"
print(json.dumps({"code": code, "frames": frames, "last": last, "bytes": got}), flush=True)
