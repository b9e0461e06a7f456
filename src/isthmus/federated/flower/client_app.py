"""The ClientApp: a client of isthmus, asked by Flower."""

from flwr.app import Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from isthmus.federated.flower.names import CLIENT, METRICS, PARTITION_ID

app = ClientApp()


@app.query()
def who(message: Message, context: Context) -> Message:
    """Answer which client this node is. Torch is not imported for it.

    Args:
        message: The question.
        context: Of the node.

    Returns:
        The number.
    """
    metrics = MetricRecord({CLIENT: int(context.node_config[PARTITION_ID])})
    return Message(RecordDict({METRICS: metrics}), reply_to=message)


@app.train()
def train(message: Message, context: Context) -> Message:
    """Train for a round, and send the layers asked for.

    Args:
        message: A `Request` with the mean of the round before.
        context: Of the node.

    Returns:
        Weights and count, or why there are none.
    """
    from isthmus.federated.flower.answers import answer

    return Message(answer(message.content, context, int(context.node_config[PARTITION_ID])), reply_to=message)


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Score the client's network without and with the mean of a round; after the last round train for itself first.

    Args:
        message: A `Request` with the mean of this round.
        context: Of the node.

    Returns:
        Outcomes, or why there are none.
    """
    from isthmus.federated.flower.answers import answer

    return Message(answer(message.content, context, int(context.node_config[PARTITION_ID])), reply_to=message)
