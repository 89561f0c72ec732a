"""What the Python clients share: the messages, the checksums and the clock of payloads.js and workloads/*.js, in Python."""
import json
import os
import sys
import time

spec = json.loads(sys.argv[1])
FIRST_ID = 100_000
BLOCK = 1024


def encode(message):
    return json.dumps(message, separators=(",", ":"))


def message_of(size, id):
    """Makes the message that payloads.js makes, to the byte."""
    price = 42_000 + (id % 1000) / 100
    message = {
        "type": "ticker",
        "id": id,
        "product": "BTC-USD",
        "price": int(price) if price.is_integer() else price,
        "size": 0.015,
        "side": "buy" if id % 2 else "sell",
        "time": 1_700_000_000 + id,
    }
    if size > 200:
        levels = -(-(size // 2 - 21) // 22)
        message["book"] = [[f"{10_000 + id % 1000}.{level % 9}5", "1.2500"] for level in range(levels)]
    message["pad"] = ""
    message["pad"] = "x" * (size - len(encode(message)))
    return message


def fold(checksum, number):
    """Adds as 32-bit numbers of JavaScript do."""
    checksum = (checksum * 31 + number) & 0xFFFFFFFF
    return checksum - 0x100000000 if checksum & 0x80000000 else checksum


def finish(result):
    """Writes the result as the last line, and ends without waiting for anything."""
    print(json.dumps(result), flush=True)
    os._exit(0)


class Receive:
    """Counts the messages of one flood."""

    def begin(self):
        self.count = self.checksum = 0
        self.start = time.perf_counter()
        self.cpu = time.process_time()

    def command(self, count):
        return json.dumps({"type": "flood", "count": count})

    def handle(self, message):
        self.checksum = fold(self.checksum, message["id"])
        self.count += 1

    def result(self):
        seconds = time.perf_counter() - self.start
        cpu = (time.process_time() - self.cpu) * 1e6 / self.count
        return {"count": self.count, "checksum": self.checksum, "rate": self.count / seconds, "cpu": cpu}


class Send:
    """Hands out the texts of one burst."""

    def __init__(self):
        self.messages = [message_of(spec["size"], FIRST_ID + index) for index in range(BLOCK)]
        self.texts = [encode(message) for message in self.messages]

    def begin(self):
        self.start = time.perf_counter()

    def text(self, index):
        if spec["isJson"]:
            return encode(self.messages[index % BLOCK])
        return self.texts[index % BLOCK]

    def result(self, answer):
        seconds = time.perf_counter() - self.start
        return {"count": answer["count"], "checksum": answer["checksum"], "rate": answer["count"] / seconds}


class Echo:
    """Measures the round trips of one connection."""

    def __init__(self):
        self.latencies = []
        self.checksum = 0

    def begin(self):
        self.start = time.perf_counter()

    def message(self, index):
        return encode(message_of(120, FIRST_ID + index % BLOCK))

    def handle(self, message):
        self.latencies.append((time.perf_counter() - self.start) * 1e6)
        self.checksum = fold(self.checksum, message["id"])

    @staticmethod
    def result(echoes):
        latencies = sorted(latency for echo in echoes for latency in echo.latencies)
        place = len(latencies) - 1
        checksums = {echo.checksum for echo in echoes}
        return {
            "count": len(latencies),
            "checksum": checksums.pop() if len(checksums) == 1 else None,
            "p50": latencies[round(place * 0.5)],
            "p99": latencies[round(place * 0.99)],
        }
