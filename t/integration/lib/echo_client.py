"""Talks to echo with python-socketio and prints what came.

Usage: echo_client.py URL PATH TRANSPORTS
TRANSPORTS: websocket, polling, or polling,websocket (an upgrade).
Prints one JSON object; octets are shown as {"hex": ...}.
"""

import asyncio
import json
import sys

import socketio


def shown(value):
    if isinstance(value, (bytes, bytearray)):
        return {"hex": bytes(value).hex()}
    if isinstance(value, (list, tuple)):
        return [shown(v) for v in value]
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items()}
    return value


async def play(url, path, transports):
    client = socketio.AsyncClient(reconnection=False)
    loop = asyncio.get_running_loop()
    got = {}
    waits = {name: loop.create_future() for name in
             ("auth", "message-back", "client-answered", "hall")}

    for name, wait in waits.items():
        def handler(*args, wait=wait):
            if not wait.done():
                wait.set_result(shown(args))
        client.on(name, handler)

    @client.on("question")
    async def question(*args):
        return ("yes", b"\x01\x02")

    await client.connect(url, transports=transports, socketio_path=path,
                         auth={"token": "123"})
    got["auth"] = await asyncio.wait_for(waits["auth"], 10)
    await client.emit("message", (1, {"a": b"\x00\xff"}, "x"))
    got["back"] = await asyncio.wait_for(waits["message-back"], 10)
    got["ack"] = shown(await client.call(
        "message-with-ack", (b"\x03", {"b": [b"\x04"]}), timeout=10))
    await client.emit("call-client", ("question", 1))
    got["answered"] = await asyncio.wait_for(waits["client-answered"], 10)
    await client.call("join", "hall", timeout=10)
    await client.call("emit-in-room", ("hall", "hall", "hi"), timeout=10)
    got["hall"] = await asyncio.wait_for(waits["hall"], 10)
    got["rooms"] = await client.call("rooms", timeout=10)
    got["transport"] = client.transport()
    await client.disconnect()
    print(json.dumps(got))


asyncio.run(play(sys.argv[1], sys.argv[2], sys.argv[3].split(",")))
