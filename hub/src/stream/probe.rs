//! Whether a stream is there, and may be read or put into: for the doctor.

use alleycat_stream::kinesis::{Client, ClientError};
use alleycat_stream::quota::SHARD_RECORDS_PER_SECOND;

/// Asks all that a hub will ask. Either way a sentence for the operator.
pub(crate) async fn probe(endpoint: Option<&str>, stream: &str) -> Result<String, String> {
    let client = Client::new(endpoint).await;
    match client.probe(stream).await {
        Ok(shards) => Ok(format!("the stream {stream} can be read: it has {}", open(shards))),
        Err(ClientError::Refused(why) | ClientError::Unfit(why)) => Err(format!(
            "the stream {stream} may not be read: the hub needs kinesis:ListShards, GetShardIterator and GetRecords on it \
             ({why})"
        )),
        Err(ClientError::Throttled | ClientError::Expired) => {
            Ok(format!("the stream {stream} is there; others read it so much that it had no answer just now"))
        }
        Err(error) => Err(neither(stream, &error)),
    }
}

/// Asks whether a rule's records may be put into a stream. Either way a sentence for the operator.
pub(crate) async fn probe_put(client: &Client, rule: &str, stream: &str) -> Result<String, String> {
    match client.probe_put(stream).await {
        Ok(Some(shards)) => Ok(format!(
            "rule `{rule}` can put records into the stream {stream}: it has {}, for {} records and {shards} MiB a second",
            open(shards),
            shards * SHARD_RECORDS_PER_SECOND as usize
        )),
        Ok(None) => Ok(format!(
            "rule `{rule}` can put records into the stream {stream}; how many shards it has can't be told without \
             kinesis:DescribeStreamSummary"
        )),
        Err(ClientError::Refused(why) | ClientError::Unfit(why)) => Err(format!(
            "rule `{rule}` may not put records into the stream {stream}: the hub needs kinesis:PutRecords on it ({why})"
        )),
        Err(ClientError::Throttled | ClientError::Expired) => Ok(format!(
            "the stream {stream} of rule `{rule}` is there; so much is put into it that it had no answer just now"
        )),
        Err(error) => Err(format!("rule `{rule}`: {}", neither(stream, &error))),
    }
}

/// A stream that is not there, or is not reached.
fn neither(stream: &str, error: &ClientError) -> String {
    match error {
        ClientError::Missing(why) => {
            format!("there is no stream {stream}: make it, or set AWS_REGION to where it is ({why})")
        }
        error => format!(
            "Kinesis is not reached: look at the network, AWS_REGION, credentials and --kinesis-endpoint ({error})"
        ),
    }
}

fn open(shards: usize) -> String {
    if shards == 1 { "1 open shard".to_owned() } else { format!("{shards} open shards") }
}
