//! The calls of the API: which are weighed, and how the emulator is asked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use alleycat_stream::key::{HashKey, HashRange};
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode, Uri};
use reqwest::{Body, Client};
use serde_json::{Value, json};

use crate::answers;
use crate::gate::{Fate, Gate, Listed};
use crate::put::{self, Put};

/// A call as it came.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The emulator behind its limits.
#[derive(Debug)]
pub(crate) struct Service {
    gate: Mutex<Gate>,
    client: Client,
    upstream: String,
}

impl Service {
    /// Before an emulator at a URL without a path.
    pub(crate) fn new(gate: Gate, client: Client, upstream: &str) -> Self {
        Self { gate: Mutex::new(gate), client, upstream: upstream.trim_end_matches('/').to_owned() }
    }

    pub(crate) fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a call.
    pub(crate) async fn answer(&self, call: Call) -> Response<Body> {
        if call.method == Method::GET && call.uri.path() == COUNTS_PATH {
            return answers::json_answer(StatusCode::OK, &json!(self.gate().counts()));
        }
        if call.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"cbor-1.1")) {
            return answers::error(StatusCode::BAD_REQUEST, "SerializationException", NO_CBOR);
        }
        let (latency, deny) = {
            let settings = self.gate().settings;
            (settings.latency, settings.deny)
        };
        if deny.denies(operation(&call.headers)) {
            let stream = json_of(&call.body).as_ref().and_then(put::stream).unwrap_or_default();
            return answers::denied(operation(&call.headers), &stream);
        }
        if latency > 0 {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        match self.weighed(&call).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(%error, "the emulator does not answer");
                answers::error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", &error.to_string())
            }
        }
    }

    async fn weighed(&self, call: &Call) -> Result<Response<Body>, reqwest::Error> {
        match operation(&call.headers) {
            "PutRecords" => match Put::many(&call.body) {
                Some(put) => self.put_many(call, put).await,
                None => self.pass(call).await,
            },
            "PutRecord" => match Put::one(&call.body) {
                Some(put) => self.put_one(call, &put).await,
                None => self.pass(call).await,
            },
            "GetShardIterator" => self.iterator(call).await,
            "GetRecords" => self.get(call).await,
            "CreateStream" | "DeleteStream" | "SplitShard" | "MergeShards" | "UpdateShardCount" => {
                let answer = self.pass(call).await?;
                if let Some(stream) = json_of(&call.body).as_ref().and_then(put::stream) {
                    self.gate().doubts(&stream);
                }
                Ok(answer)
            }
            _ => self.pass(call).await,
        }
    }

    async fn put_many(&self, call: &Call, mut put: Put) -> Result<Response<Body>, reqwest::Error> {
        let fates = self.weigh(call, &put).await?;
        let answer = match put.passing(&fates) {
            Some(body) => {
                let answer = self.forward(call, body.into()).await?;
                if !answer.status().is_success() {
                    return Ok(answer.into());
                }
                Some(answer.json().await?)
            }
            None => None,
        };
        let mut gate = self.gate();
        let whole = put.answer(&fates, answer, |expected, shard, bytes, doubt| {
            gate.took(&put.stream, expected, shard, bytes, doubt);
        });
        drop(gate);
        Ok(whole.map_or_else(answers::call_failed, |whole| answers::json_answer(StatusCode::OK, &whole)))
    }

    async fn put_one(&self, call: &Call, put: &Put) -> Result<Response<Body>, reqwest::Error> {
        let fate = self.weigh(call, put).await?.pop();
        let (expected, doubt) = match fate {
            Some(Fate::Throttled(shard)) => return Ok(answers::call_throttled(&shard, &put.stream)),
            Some(Fate::Fails) => return Ok(answers::call_failed()),
            Some(Fate::Doubtful(expected)) => (expected, true),
            Some(Fate::Passes(expected)) => (expected, false),
            None => (None, false),
        };
        let (answer, body) = self.whole(call, call.body.clone()).await?;
        if let Some(shard) = body["ShardId"].as_str() {
            let bytes = put.records.iter().map(|(_, bytes)| bytes).sum();
            self.gate().took(&put.stream, expected.as_deref(), shard, bytes, doubt);
            if doubt {
                return Ok(answers::call_failed());
            }
        }
        Ok(answer)
    }

    /// What becomes of each record.
    async fn weigh(&self, call: &Call, put: &Put) -> Result<Vec<Fate>, reqwest::Error> {
        if !self.gate().knows(&put.stream) {
            let shards = self.shards(call, &put.stream).await?;
            self.gate().listed(&put.stream, shards, Instant::now());
        }
        let now = Instant::now();
        let mut gate = self.gate();
        Ok(put.records.iter().map(|(key, bytes)| gate.weigh(&put.stream, *key, *bytes, now)).collect())
    }

    /// The shards of a stream; none if it is not there, or not yet.
    async fn shards(&self, call: &Call, stream: &str) -> Result<Vec<Listed>, reqwest::Error> {
        let mut shards = Vec::new();
        let mut ask = json!({ "StreamName": stream });
        loop {
            let body = ask.to_string().into();
            let mut headers = call.headers.clone();
            headers.insert(TARGET, HeaderValue::from_static("Kinesis_20131202.ListShards"));
            let answer: Value = self.send(&Method::POST, "/", headers, body).await?.json().await?;
            shards.extend(answer["Shards"].as_array().into_iter().flatten().filter_map(listed));
            match answer["NextToken"].as_str() {
                Some(next) => ask = json!({ "NextToken": next }),
                None => return Ok(shards),
            }
        }
    }

    async fn iterator(&self, call: &Call) -> Result<Response<Body>, reqwest::Error> {
        let (answer, body) = self.whole(call, call.body.clone()).await?;
        let ask = json_of(&call.body).unwrap_or_default();
        let shard = ask["ShardId"].as_str();
        if let (Some(stream), Some(shard), Some(iterator)) =
            (put::stream(&ask), shard, body["ShardIterator"].as_str())
        {
            if !self.gate().knows(&stream) {
                let shards = self.shards(call, &stream).await?;
                self.gate().listed(&stream, shards, Instant::now());
            }
            self.gate().gave_iterator(iterator, &stream, shard);
        }
        Ok(answer)
    }

    async fn get(&self, call: &Call) -> Result<Response<Body>, reqwest::Error> {
        let mut ask = json_of(&call.body).unwrap_or_default();
        let place = ask["ShardIterator"].as_str().and_then(|iterator| self.gate().place(iterator));
        let Some(place) = place else { return self.pass(call).await };
        let fate = self.gate().weigh_read(&place, Instant::now());
        match fate {
            Fate::Throttled(shard) => return Ok(answers::call_throttled(&shard, &place.stream)),
            Fate::Fails => return Ok(answers::call_failed()),
            Fate::Passes(_) | Fate::Doubtful(_) => {}
        }
        let most = u64::from(self.gate().settings.records_per_read);
        if ask["Limit"].as_u64().is_none_or(|limit| limit > most) {
            ask["Limit"] = most.into();
        }
        let (answer, body) = self.whole(call, ask.to_string().into()).await?;
        let weigh = |record: &Value| {
            put::data_bytes(record).unwrap_or(0) + record["PartitionKey"].as_str().map_or(0, str::len)
        };
        let bytes = body["Records"].as_array().into_iter().flatten().map(weigh).sum();
        let mut gate = self.gate();
        gate.gave(&place, bytes);
        if let Some(next) = body["NextShardIterator"].as_str() {
            gate.gave_iterator(next, &place.stream, &place.shard);
        }
        drop(gate);
        Ok(answer)
    }

    /// Passes a call on, and its answer back piece by piece: one of them is a stream of events.
    async fn pass(&self, call: &Call) -> Result<Response<Body>, reqwest::Error> {
        Ok(self.forward(call, call.body.clone()).await?.into())
    }

    /// Passes a call on, and its answer back after a look at it.
    async fn whole(&self, call: &Call, body: Bytes) -> Result<(Response<Body>, Value), reqwest::Error> {
        let answer = self.forward(call, body).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await?;
        let read = json_of(&body).unwrap_or_default();
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok((answer, read))
    }

    async fn forward(&self, call: &Call, body: Bytes) -> Result<reqwest::Response, reqwest::Error> {
        let path = call.uri.path_and_query().map_or("/", |path| path.as_str());
        self.send(&call.method, path, call.headers.clone(), body).await
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<reqwest::Response, reqwest::Error> {
        // These belong to one connection, not to the call.
        for name in ["host", "connection", "content-length", "transfer-encoding", "expect"] {
            headers.remove(name);
        }
        let url = format!("{}{path}", self.upstream);
        let mut answer = self.client.request(method.clone(), url).headers(headers).body(body).send().await?;
        for name in ["connection", "keep-alive", "transfer-encoding"] {
            answer.headers_mut().remove(name);
        }
        Ok(answer)
    }
}

/// The operation that a call is of: `Kinesis_20131202.PutRecords`.
fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get(TARGET).and_then(|target| target.to_str().ok()).unwrap_or_default();
    target.split_once('.').map_or("", |(_, operation)| operation)
}

fn json_of(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

/// A shard of a list.
fn listed(shard: &Value) -> Option<Listed> {
    let key = |name: &str| shard["HashKeyRange"][name].as_str()?.parse::<HashKey>().ok();
    Some(Listed {
        id: shard["ShardId"].as_str()?.to_owned(),
        range: HashRange { start: key("StartingHashKey")?, end: key("EndingHashKey")? },
        closed: shard["SequenceNumberRange"]["EndingSequenceNumber"].is_string(),
    })
}

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const COUNTS_PATH: &str = "/limits";
const NO_CBOR: &str = "the limits read JSON only: turn CBOR off in the SDK \
     (AWS_CBOR_DISABLE=true, or aws.cborEnabled=false for the SDK of Java, version 2)";
