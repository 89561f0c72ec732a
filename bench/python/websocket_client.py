"""The workloads for the Python library websocket-client: the same as in workloads/*.js. It blocks: a thread per connection."""
import json
import threading

from websocket import create_connection

from workload import Echo, Receive, Send, finish, spec


def receive(url):
    socket = create_connection(url)
    flood = Receive()
    for count in (spec["warmup"], spec["count"]):
        flood.begin()
        socket.send(flood.command(count))
        while flood.count < count:
            flood.handle(json.loads(socket.recv()))
    finish(flood.result())


def send(url):
    socket = create_connection(url)
    bursts = Send()
    for count in (spec["warmup"], spec["count"]):
        bursts.begin()
        for index in range(count):
            socket.send(bursts.text(index))
        answer = json.loads(socket.recv())
    finish(bursts.result(answer))


def speak(socket, echo, count):
    for index in range(count):
        echo.begin()
        socket.send(echo.message(index))
        echo.handle(json.loads(socket.recv()))


def echo(url):
    sockets = [create_connection(url) for _ in range(spec["connections"])]
    for count in (spec["warmup"], spec["count"]):
        echoes = [Echo() for _ in sockets]
        threads = [threading.Thread(target=speak, args=(*pair, count)) for pair in zip(sockets, echoes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finish(Echo.result(echoes))


WORKLOADS = {"receive": receive, "send": send, "echo": echo}
WORKLOADS[spec["workload"]](spec["url"])
