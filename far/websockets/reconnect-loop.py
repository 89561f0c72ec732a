import asyncio
import json
import sys

import websockets


async def main():
    async for websocket in websockets.connect(sys.argv[1]):
        try:
            await websocket.send(json.dumps({"type": "subscribe", "channel": "prices"}))
            async for message in websocket:
                print("price", json.loads(message)["price"])
        except websockets.ConnectionClosed:
            print("lost")
            continue


asyncio.run(main())
