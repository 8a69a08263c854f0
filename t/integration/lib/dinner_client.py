"""Plays one round of dinner with python-socketio and prints what it saw.

Usage: dinner_client.py URL CODE NAME TRANSPORT OPTION...
Prints one JSON object: {"ack", "submit", "results", "events"}.
"""

import asyncio
import json
import sys

import socketio


async def play(url, code, name, transport, options):
    client = socketio.AsyncClient(reconnection=False)
    done = asyncio.get_running_loop().create_future()
    events = []

    @client.on("*")
    async def anything(event, *args):
        events.append(event)

    @client.on("session:results")
    async def results(data, *offset):
        events.append("session:results")
        if not done.done():
            done.set_result(data)

    await client.connect(url, transports=[transport])
    ack = await client.call(
        "session:join", {"sessionCode": code, "displayName": name},
        timeout=10)
    submit = await client.call(
        "selection:submit", {"sessionCode": code, "selections": options},
        timeout=10)
    data = await asyncio.wait_for(done, 10)
    await client.disconnect()
    print(json.dumps({"ack": ack, "submit": submit, "results": data,
                      "events": events}))


if __name__ == "__main__":
    asyncio.run(play(*sys.argv[1:5], sys.argv[5:]))
