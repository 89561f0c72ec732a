"""The workloads for the Python library websockets: the same as in workloads/*.js, of which see the comments."""
import asyncio
import json
import sys

from websockets.asyncio.client import connect

from workload import Echo, Receive, Send, finish, spec

LIMITS = {"max_size": None, "compression": None, "ping_interval": None}


async def receive(url):
    async with connect(url, **LIMITS) as socket:
        flood = Receive()
        for count in (spec["warmup"], spec["count"]):
            flood.begin()
            await socket.send(flood.command(count))
            while flood.count < count:
                flood.handle(json.loads(await socket.recv()))
        finish(flood.result())


async def send(url):
    # `send` waits by itself while more than this is buffered.
    async with connect(url, write_limit=1024 * 1024, **LIMITS) as socket:
        bursts = Send()
        for count in (spec["warmup"], spec["count"]):
            bursts.begin()
            for index in range(count):
                await socket.send(bursts.text(index))
            answer = json.loads(await socket.recv())
        finish(bursts.result(answer))


async def speak(socket, echo, count):
    for index in range(count):
        echo.begin()
        await socket.send(echo.message(index))
        echo.handle(json.loads(await socket.recv()))


async def echo(url):
    sockets = [await connect(url, **LIMITS) for _ in range(spec["connections"])]
    for count in (spec["warmup"], spec["count"]):
        echoes = [Echo() for _ in sockets]
        await asyncio.gather(*(speak(*pair, count) for pair in zip(sockets, echoes)))
    finish(Echo.result(echoes))


WORKLOADS = {"receive": receive, "send": send, "echo": echo}
asyncio.run(WORKLOADS[spec["workload"]](spec["url"]))
sys.stdout.flush()
