//! A server that says yes: enough of the Kinesis API for a client to put and to read as fast as it can. It keeps
//! nothing. With it the service is not what bounds a figure; an emulator is.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::jobs::PAYLOAD;

/// Serves on a free port of this machine, which it prints, until it is killed.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let page = page();
    let answer = move |headers: HeaderMap, body: Bytes| {
        let page = page.clone();
        async move { answer(&headers, &body, page) }
    };
    let router = Router::new().route("/", post(answer)).layer(axum::extract::DefaultBodyLimit::max(MOST));
    axum::serve(listener, router).await?;
    Ok(())
}

fn answer(headers: &HeaderMap, body: &[u8], page: Bytes) -> Response {
    let operation = headers.get("x-amz-target").and_then(|target| target.to_str().ok()?.split('.').nth(1));
    let (status, body) = match operation {
        Some("PutRecords") => (StatusCode::OK, taken(body)),
        Some("ListShards") => (StatusCode::OK, shards()),
        Some("GetShardIterator") => (StatusCode::OK, json!({ "ShardIterator": "on" }).to_string().into()),
        Some("GetRecords") => (StatusCode::OK, page),
        other => (StatusCode::BAD_REQUEST, json!({ "__type": format!("{other:?}") }).to_string().into()),
    };
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.1")], body).into_response()
}

/// As many places as there are records: counted, for reading them would be what is measured.
fn taken(body: &[u8]) -> Bytes {
    let key = b"\"PartitionKey\"";
    let count = body.windows(key.len()).filter(|part| part == key).count();
    let record = json!({ "SequenceNumber": "49590338271490256608559692538361571095921575989136588898", "ShardId": SHARD });
    json!({ "FailedRecordCount": 0, "Records": vec![record; count] }).to_string().into()
}

fn shards() -> Bytes {
    let range = json!({ "StartingHashKey": "0", "EndingHashKey": u128::MAX.to_string() });
    let shard: Value = json!({
        "ShardId": SHARD, "HashKeyRange": range, "SequenceNumberRange": { "StartingSequenceNumber": "1" },
    });
    json!({ "Shards": [shard] }).to_string().into()
}

/// What every read gives: as many records as a read may have at most, and never the end.
fn page() -> Bytes {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let data = STANDARD.encode(PAYLOAD);
    let record = |n: usize| {
        json!({
            "SequenceNumber": format!("{n:056}"), "PartitionKey": (n % 1_000).to_string(), "Data": data,
            "ApproximateArrivalTimestamp": now,
        })
    };
    let records: Vec<Value> = (0..RECORDS).map(record).collect();
    json!({ "Records": records, "NextShardIterator": "on", "MillisBehindLatest": 1 }).to_string().into()
}

const SHARD: &str = "shardId-000000000000";
const RECORDS: usize = 10_000;
/// The largest request.
const MOST: usize = 16 * 1024 * 1024;
