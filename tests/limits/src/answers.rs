//! What the service says when it does not do what it was asked, word for word as in its API reference.

use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode};
use reqwest::Body;
use serde_json::{Value, json};

/// A record of `PutRecords` whose shard is over a limit.
pub(crate) fn throttled(shard: &str, stream: &str) -> Value {
    json!({ "ErrorCode": EXCEEDED, "ErrorMessage": rate_exceeded(shard, stream) })
}

/// A record of `PutRecords` that failed inside.
pub(crate) fn failure() -> Value {
    json!({ "ErrorCode": FAILURE, "ErrorMessage": FAILURE_MESSAGE })
}

/// A whole call that is over the limit of one shard.
pub(crate) fn call_throttled(shard: &str, stream: &str) -> Response<Body> {
    error(StatusCode::BAD_REQUEST, EXCEEDED, &rate_exceeded(shard, stream))
}

/// A whole call that failed inside.
pub(crate) fn call_failed() -> Response<Body> {
    error(StatusCode::INTERNAL_SERVER_ERROR, FAILURE, FAILURE_MESSAGE)
}

/// A call that no policy allows.
pub(crate) fn denied(operation: &str, stream: &str) -> Response<Body> {
    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/emulator is not authorized to perform: kinesis:{operation} on resource: \
         arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/{stream} because no identity-based policy allows the \
         kinesis:{operation} action"
    );
    error(StatusCode::BAD_REQUEST, "AccessDeniedException", &message)
}

/// A call that is refused.
pub(crate) fn error(status: StatusCode, kind: &str, message: &str) -> Response<Body> {
    json_answer(status, &json!({ "__type": kind, "message": message }))
}

/// Any answer in JSON.
pub(crate) fn json_answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

fn rate_exceeded(shard: &str, stream: &str) -> String {
    format!("Rate exceeded for shard {shard} in stream {stream} under account {ACCOUNT}.")
}

/// What an emulator's streams belong to.
const ACCOUNT: &str = "000000000000";
const EXCEEDED: &str = "ProvisionedThroughputExceededException";
const FAILURE: &str = "InternalFailure";
const FAILURE_MESSAGE: &str = "Internal service failure.";
const JSON: hyper::header::HeaderValue =
    hyper::header::HeaderValue::from_static("application/x-amz-json-1.1");
