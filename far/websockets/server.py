"""
Servers for the tests, on the Python library websockets. The only argument is JSON:

    {"role": "echo" | "prices", "garbage": bool, "compression": bool, "unix": path, "tls": {"cert": path, "key": path, "client": path}}

Prints a line of JSON with the port once it listens, and ends when stdin ends.
"""

import asyncio
import hashlib
import json
import ssl
import sys

from websockets import serve, unix_serve

MIB = 1024 * 1024


def extensions(websocket):
    """Returns the names of the extensions in use, for the versions of the library before and after 14."""
    return [extension.name for extension in getattr(websocket, "protocol", websocket).extensions]


async def echo(websocket):
    """Returns each message unchanged. The text `summary` asks for the digest of everything before it."""
    digest = hashlib.sha256()
    count = 0
    async for message in websocket:
        if message == "summary":
            facts = {"count": count, "digest": digest.hexdigest(), "extensions": extensions(websocket)}
            certificate = websocket.transport.get_extra_info("peercert")
            if certificate:
                facts["client"] = certificate["subject"][0][0][1]
            await websocket.send(json.dumps(facts))
        else:
            is_text = isinstance(message, str)
            data = message.encode() if is_text else message
            digest.update(b"%c%d:" % (b"t" if is_text else b"b", len(data)))
            digest.update(data)
            count += 1
            await websocket.send(message)


def prices(garbage):
    """
    Returns a handler that sends three prices after a subscription. Then it drops the first connection, closes the second one with 1011,
    and keeps later ones open. With `garbage`, a message that isn't JSON comes first.
    """
    connections = 0

    async def handler(websocket):
        nonlocal connections
        connections += 1
        number = connections
        assert json.loads(await websocket.recv()) == {"type": "subscribe", "channel": "prices"}
        if garbage:
            await websocket.send("not JSON")
        for price in range(3):
            await websocket.send(json.dumps({"type": "price", "price": number * 100 + price}))
        if number == 1:
            await asyncio.wait_for(await websocket.ping(), 10)  # the client has received everything
            websocket.transport.abort()
        elif number == 2:
            await websocket.close(1011, "restart")
        else:
            await websocket.wait_closed()

    return handler


def context(tls):
    """Returns a TLS context that requires the client's certificate, or None."""
    if not tls:
        return None
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    result.load_cert_chain(tls["cert"], tls["key"])
    result.load_verify_locations(tls["client"])
    result.verify_mode = ssl.CERT_REQUIRED
    return result


async def main(role="echo", garbage=False, compression=False, unix=None, tls=None):
    handler = prices(garbage) if role == "prices" else echo
    options = {"compression": "deflate" if compression else None, "max_size": 2 * MIB, "ssl": context(tls)}
    server = unix_serve(handler, unix, **options) if unix else serve(handler, "127.0.0.1", 0, **options)
    async with server as running:
        port = None if unix else next(iter(running.sockets)).getsockname()[1]
        print(json.dumps({"port": port}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(**json.loads(sys.argv[1])))
