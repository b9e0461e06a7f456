"""Names of a message's records and of their entries; the first three are those of Flower's own strategies."""

ARRAYS = "arrays"
CONFIG = "config"
METRICS = "metrics"

ROUND = "server-round"
COUNT = "num-examples"
CLIENT = "client"
REQUEST = "request"
FAILED = "failed"
PARTITION_ID = "partition-id"
