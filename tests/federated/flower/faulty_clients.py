"""The ClientApp, with a fault of each kind in round 2: client 0 has none."""

import time

import numpy as np
from flwr.app import Array
from flwr.clientapp import ClientApp

from isthmus.federated.flower import client_app

LATE_SECONDS = 100.0
KEY = "fc.bias"

app = ClientApp()
app.query()(client_app.who)
app.evaluate()(client_app.evaluate)


@app.train()
def train(message, context):
    reply = client_app.train(message, context)
    client = context.node_config["partition-id"] if message.content["config"]["server-round"] == 2 else 0
    match client:
        case 1:
            raise RuntimeError("the client's machine is on fire")
        case 2:
            time.sleep(LATE_SECONDS)
        case 3:
            reply.content["arrays"][KEY] = Array(np.full(10, np.nan, np.float32))
        case 4:
            reply.content["arrays"]["other"] = reply.content["arrays"].pop(KEY)
        case 5:
            reply.content["arrays"][KEY] = Array(np.zeros(11, np.float32))
    return reply
