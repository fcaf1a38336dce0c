//! `PutRecord` and `PutRecords`, taken apart record by record and put together again.
//!
//! Source: Amazon Kinesis Data Streams API Reference, `PutRecord` and `PutRecords`.

use alleycat_stream::key::HashKey;
use alleycat_stream::quota::{BYTES_PER_PUT, RECORD_BYTES, RECORDS_PER_PUT};
use serde_json::{Value, json};

use crate::answers;
use crate::gate::Fate;

/// A call that puts records.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) stream: String,
    /// Where each record lands, and its bytes: data and partition key.
    pub(crate) records: Vec<(HashKey, usize)>,
    body: Value,
}

impl Put {
    /// Reads `PutRecords`. `None` for what a stream refuses as a whole: that is for the stream to say.
    pub(crate) fn many(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let records = body["Records"].as_array()?.iter().map(weight).collect::<Option<Vec<_>>>()?;
        let total: usize = records.iter().map(|(_, bytes)| bytes).sum();
        let good = (1..=RECORDS_PER_PUT).contains(&records.len()) && total <= BYTES_PER_PUT;
        good.then_some(Self { stream: stream(&body)?, records, body })
    }

    /// Reads `PutRecord`, the same way.
    pub(crate) fn one(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        Some(Self { stream: stream(&body)?, records: vec![weight(&body)?], body })
    }

    /// The `PutRecords` that goes on: the records that pass, in their order. `None` if none does.
    pub(crate) fn passing(&mut self, fates: &[Fate]) -> Option<Vec<u8>> {
        let mut fate = fates.iter();
        let records = self.body["Records"].as_array_mut()?;
        records.retain(|_| matches!(fate.next(), Some(Fate::Passes(_) | Fate::Doubtful(_))));
        if records.is_empty() { None } else { serde_json::to_vec(&self.body).ok() }
    }

    /// The answer to all records, each at its place, from the answer to those that passed; `took` hears of each
    /// that the stream took. `None` if that was no answer to so many records.
    pub(crate) fn answer(
        &self,
        fates: &[Fate],
        answer: Option<Value>,
        mut took: impl FnMut(Option<&str>, &str, usize, bool),
    ) -> Option<Value> {
        let mut answer = answer.unwrap_or_else(|| json!({ "Records": [] }));
        let mut passed = std::mem::take(answer["Records"].as_array_mut()?).into_iter();
        let mut failed = 0_u32;
        let mut records = Vec::with_capacity(fates.len());
        for (fate, (_, bytes)) in fates.iter().zip(&self.records) {
            let record = match fate {
                Fate::Passes(expected) | Fate::Doubtful(expected) => {
                    let record = passed.next()?;
                    let doubt = matches!(fate, Fate::Doubtful(_));
                    let shard = record["ShardId"].as_str();
                    if let Some(shard) = shard {
                        took(expected.as_deref(), shard, *bytes, doubt);
                    }
                    if doubt && shard.is_some() { answers::failure() } else { record }
                }
                Fate::Throttled(shard) => answers::throttled(shard, &self.stream),
                Fate::Fails => answers::failure(),
            };
            failed += u32::from(record.get("ErrorCode").is_some_and(|code| !code.is_null()));
            records.push(record);
        }
        answer["FailedRecordCount"] = failed.into();
        answer["Records"] = records.into();
        passed.next().is_none().then_some(answer)
    }
}

/// The stream that a request names, by its name or by its ARN.
pub(crate) fn stream(body: &Value) -> Option<String> {
    let by_name = body["StreamName"].as_str();
    let by_arn = || body["StreamARN"].as_str()?.split_once(":stream/").map(|(_, name)| name);
    by_name.or_else(by_arn).map(ToOwned::to_owned)
}

/// Data as it is in JSON, and its bytes.
pub(crate) fn data_bytes(record: &Value) -> Option<usize> {
    Some(record["Data"].as_str()?.trim_end_matches('=').len() * 3 / 4)
}

fn weight(record: &Value) -> Option<(HashKey, usize)> {
    let key = record["PartitionKey"].as_str()?;
    let bytes = key.len() + data_bytes(record)?;
    let hash = match record["ExplicitHashKey"].as_str() {
        Some(explicit) => explicit.parse().ok()?,
        None => HashKey::of(key),
    };
    (bytes <= RECORD_BYTES).then_some((hash, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(records: &[&str]) -> Put {
        let record = |key: &&str| json!({ "PartitionKey": key, "Data": "aGVsbG8=" });
        let records: Vec<_> = records.iter().map(record).collect();
        let body = json!({ "StreamARN": "arn:aws:kinesis:eu-west-1:1:stream/s", "Records": records });
        Put::many(&serde_json::to_vec(&body).unwrap()).unwrap()
    }

    #[test]
    fn a_record_weighs_its_data_and_its_key_and_lands_where_it_says() {
        let body = br#"{"StreamName":"s","PartitionKey":"abc","Data":"aGVsbG8=","ExplicitHashKey":"7"}"#;
        let one = Put::one(body).unwrap();
        assert_eq!((one.stream.as_str(), one.records.as_slice()), ("s", &[(HashKey(7), 8)][..]));
        assert_eq!(put(&["abc"]).records, [(HashKey::of("abc"), 8)]);
        for strange in [&b"{"[..], b"{}", b"[]", br#"{"StreamName":"s","Data":"x"}"#] {
            assert!(Put::one(strange).is_none() && Put::many(strange).is_none());
        }
    }

    #[test]
    fn what_did_not_pass_is_answered_at_its_place() {
        let mut put = put(&["a", "b", "c", "d"]);
        let place = || Some("shard-1".to_owned());
        let fates =
            [Fate::Throttled("shard-0".into()), Fate::Passes(place()), Fate::Fails, Fate::Doubtful(place())];
        let forwarded: Value = serde_json::from_slice(&put.passing(&fates).unwrap()).unwrap();
        assert_eq!(forwarded["Records"][0]["PartitionKey"], "b");
        assert_eq!(forwarded["Records"][1]["PartitionKey"], "d");
        let taken = json!({ "FailedRecordCount": 0, "EncryptionType": "NONE", "Records": [
            { "ShardId": "shard-1", "SequenceNumber": "1" }, { "ShardId": "shard-2", "SequenceNumber": "2" }] });
        let mut took = Vec::new();
        let answer = put
            .answer(&fates, Some(taken), |expected, shard, bytes, doubt| {
                took.push((expected.map(str::to_owned), shard.to_owned(), bytes, doubt));
            })
            .unwrap();
        assert_eq!(took, [(place(), "shard-1".into(), 6, false), (place(), "shard-2".into(), 6, true)]);
        assert_eq!((&answer["FailedRecordCount"], &answer["EncryptionType"]), (&json!(3), &json!("NONE")));
        let codes: Vec<_> = (0..4).map(|n| answer["Records"][n]["ErrorCode"].as_str()).collect();
        let (throttled, failed) = (Some("ProvisionedThroughputExceededException"), Some("InternalFailure"));
        assert_eq!(codes, [throttled, None, failed, failed]);
        assert_eq!(answer["Records"][1]["SequenceNumber"], "1");
    }

    #[test]
    fn nothing_goes_on_if_nothing_passes() {
        let mut put = put(&["a", "b"]);
        assert_eq!(put.passing(&[Fate::Fails, Fate::Fails]), None);
        let answer = put.answer(&[Fate::Fails, Fate::Fails], None, |_, _, _, _| {}).unwrap();
        assert_eq!(answer["FailedRecordCount"], 2);
    }
}
