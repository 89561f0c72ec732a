import json
import sys

import websocket


def on_open(app):
    app.send(json.dumps({"type": "subscribe", "channel": "prices"}))


def on_message(app, message):
    data = json.loads(message)
    if data["type"] == "price":
        print("price", data["price"])


def on_error(app, error):
    print("error", type(error).__name__)


def on_close(app, code, reason):
    print("closed", code, reason)


app = websocket.WebSocketApp(
    sys.argv[1], on_open=on_open, on_message=on_message, on_error=on_error, on_close=on_close
)
app.run_forever(ping_interval=20, ping_timeout=10, reconnect=5)
