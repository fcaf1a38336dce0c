//! Whether a stream is there and may be read: for the doctor.

use alleycat_stream::kinesis::{Client, ClientError};

/// Asks all that a hub will ask. Either way a sentence for the operator.
pub(crate) async fn probe(endpoint: Option<&str>, stream: &str) -> Result<String, String> {
    let client = Client::new(endpoint).await;
    match client.probe(stream).await {
        Ok(shards) => Ok(format!("the stream {stream} can be read: it has {shards} open shards")),
        Err(ClientError::Missing(why)) => {
            Err(format!("there is no stream {stream}: make it, or set AWS_REGION to where it is ({why})"))
        }
        Err(ClientError::Refused(why) | ClientError::Unfit(why)) => Err(format!(
            "the stream {stream} may not be read: the hub needs kinesis:ListShards, GetShardIterator and GetRecords on it \
             ({why})"
        )),
        Err(ClientError::Throttled | ClientError::Expired) => {
            Ok(format!("the stream {stream} is there; others read it so much that it had no answer just now"))
        }
        Err(ClientError::Away(why)) => Err(format!(
            "Kinesis is not reached: look at the network, AWS_REGION and --kinesis-endpoint ({why})"
        )),
    }
}
