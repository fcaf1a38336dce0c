"""Paho for Python plays the plot of tests/interop/play.rs."""

import json
import os
import queue
import sys

import paho.mqtt.client as paho

plan = json.loads(os.environ["PLAN"])
LIMIT = 40


class Client:
    """A client that keeps its session and comes back by itself."""

    def __init__(self):
        self.connected, self.boards, self.subscribed = queue.Queue(), queue.Queue(), queue.Queue()
        carrier = "websockets" if plan["carrier"] in ("web", "wss") else "tcp"
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, plan["clientId"], clean_session=False, transport=carrier
        )
        self.client.username_pw_set(plan["username"], plan["password"])
        if plan["certificate"]:
            self.client.tls_set(plan["certificate"])
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda _c, _u, flags, _code, _p: self.connected.put(flags.session_present)
        self.client.on_message = lambda _c, _u, message: self.boards.put(message.payload.decode())
        self.client.on_subscribe = lambda *_: self.subscribed.put(True)
        self.client.connect("localhost", plan["port"])
        self.client.loop_start()

    def expect(self, present):
        """Waits for a CONNACK and for what it says of the session."""
        said = self.connected.get(timeout=LIMIT)
        if said != present:
            sys.exit(f"session present is {said}")

    def on_the_board(self):
        """Waits for a board with this racer."""
        while plan["mark"] not in self.boards.get(timeout=LIMIT):
            pass
        print("on the board", flush=True)

    def publish(self, message):
        """Begins to publish; what is returned can be waited for."""
        return self.client.publish(plan["topic"], message, qos=1)

    def close(self):
        """Goes away politely."""
        self.client.disconnect()
        self.client.loop_stop()


client = Client()
client.expect(False)
print("connected", flush=True)
client.client.subscribe(plan["board"])
client.subscribed.get(timeout=LIMIT)
print("subscribed", flush=True)
client.publish(plan["messages"][0]).wait_for_publish(LIMIT)
print("acknowledged", flush=True)
client.on_the_board()
client.close()

client = Client()
client.expect(True)
print("resumed", flush=True)
client.on_the_board()
sys.stdin.readline()
second = client.publish(plan["messages"][1])
client.expect(True)
print("resumed", flush=True)
second.wait_for_publish(LIMIT)
if not second.is_published():
    sys.exit("never acknowledged")
print("acknowledged", flush=True)
client.close()
