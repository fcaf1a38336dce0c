"""boto3 reads a whole stream, closed shards too: a line a record, its shard, key, and data in base64.

Usage: stream.py ENDPOINT STREAM
"""

import base64
import sys

import boto3

endpoint, stream = sys.argv[1:]
kinesis = boto3.client("kinesis", endpoint_url=endpoint)
out = sys.stdout
for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
    name = shard["ShardId"]
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=name, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while iterator:
        answer = kinesis.get_records(ShardIterator=iterator, Limit=1000)
        for record in answer["Records"]:
            data = base64.b64encode(record["Data"]).decode()
            out.write(f"{name}\t{record['PartitionKey']}\t{data}\n")
        # An open shard has always more to come: an empty answer is the end of what is there.
        iterator = answer.get("NextShardIterator") if answer["Records"] else None
