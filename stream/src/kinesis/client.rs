//! The AWS SDK's client, set up the way this crate wants it: retries are ours, time-outs are short.

use std::fmt::Display;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_kinesis::config::{Region, StalledStreamProtectionConfig};
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use thiserror::Error;

use crate::record::Record;
use crate::sink::{Placed, PutFault, RecordFault};

/// Speaks to Kinesis. Region and credentials come from where AWS's own tools take them: environment, profile, container,
/// instance.
#[derive(Clone, Debug)]
pub struct Client(aws_sdk_kinesis::Client);

/// A question that came to nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ClientError {
    /// Somebody asks too often.
    #[error("asked too often")]
    Throttled,
    /// The place to read from is not good any more: take a new one.
    #[error("the iterator has expired")]
    Expired,
    /// There is no such stream or shard.
    #[error("{0}")]
    Missing(String),
    /// The service says no.
    #[error("{0}")]
    Refused(String),
    /// The service can't make anything of what is asked.
    #[error("{0}")]
    Unfit(String),
    /// The service could not be reached, or failed.
    #[error("{0}")]
    Away(String),
}

impl Client {
    /// A client. Nothing is asked yet. `endpoint` is the address of the API, if it is not AWS's own: an
    /// emulator, or a private endpoint.
    pub async fn new(endpoint: Option<&str>) -> Self {
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(timeouts);
        if let Some(endpoint) = endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        // An emulator does not care which region it is in.
        let mut builder = aws_sdk_kinesis::config::Builder::from(&config);
        if config.region().is_none() && endpoint.is_some() {
            builder = builder.region(Region::new(ANY_REGION));
        }
        Self(aws_sdk_kinesis::Client::from_conf(builder.build()))
    }

    /// The SDK's own client, for what is not here.
    pub fn sdk(&self) -> &aws_sdk_kinesis::Client {
        &self.0
    }

    /// One `PutRecords`: a result for each record, in their order.
    ///
    /// # Errors
    /// [`PutFault`] when the whole of it came to nothing.
    pub async fn put(
        &self,
        stream: &str,
        records: Vec<Record>,
    ) -> Result<Vec<Result<Placed, RecordFault>>, PutFault> {
        let entry = |record: Record| {
            let (key, data) = record.into_parts();
            let entry = PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(data));
            entry.build().expect("key and data are set")
        };
        let entries = records.into_iter().map(entry).collect();
        let sent = self.0.put_records().stream_name(stream).set_records(Some(entries)).send().await;
        let answer = sent.map_err(|error| match ClientError::from_sdk(&error) {
            // From something in between, which says no more than that.
            ClientError::Away(why)
                if error.raw_response().is_some_and(|answer| answer.status().as_u16() == TOO_LARGE) =>
            {
                PutFault::Unfit(why)
            }
            ClientError::Unfit(why) => PutFault::Unfit(why),
            ClientError::Missing(why) | ClientError::Refused(why) => PutFault::Refused(why),
            ClientError::Throttled => PutFault::Throttled,
            other => PutFault::Away(other.to_string()),
        })?;
        let result = |entry: aws_sdk_kinesis::types::PutRecordsResultEntry| match entry.error_code.as_deref()
        {
            None => Ok(Placed {
                shard: entry.shard_id.unwrap_or_default(),
                sequence: entry.sequence_number.unwrap_or_default(),
            }),
            Some("ProvisionedThroughputExceededException") => Err(RecordFault::Throttled),
            Some("InternalFailure") => Err(RecordFault::Internal),
            Some(code) => {
                let message = entry.error_message.unwrap_or_default();
                Err(RecordFault::Refused(format!("{code}: {message}")))
            }
        };
        Ok(answer.records.into_iter().map(result).collect())
    }

    /// Whether records may be put into a stream, and how many open shards it has, if that may be asked too.
    /// Nothing is put: the record has a hash key that is past all shards, which is refused after the
    /// permission was looked at.
    ///
    /// # Errors
    /// [`ClientError`] when they may not.
    pub async fn probe_put(&self, stream: &str) -> Result<Option<usize>, ClientError> {
        let entry = PutRecordsRequestEntry::builder().partition_key("doctor").data(Blob::new("doctor"));
        let entry = entry.explicit_hash_key(PAST_ALL_SHARDS).build().expect("key and data are set");
        let sent = self.0.put_records().stream_name(stream).records(entry).send().await;
        match sent.map_err(|error| ClientError::from_sdk(&error)) {
            Ok(_) | Err(ClientError::Unfit(_)) => {}
            Err(error) => return Err(error),
        }
        let summary = self.0.describe_stream_summary().stream_name(stream).send().await;
        let summary = summary.ok().and_then(|answer| answer.stream_description_summary);
        Ok(summary.and_then(|summary| usize::try_from(summary.open_shard_count).ok()))
    }
}

impl ClientError {
    /// What an error of the SDK means.
    pub(super) fn from_sdk<E, R>(error: &SdkError<E, R>) -> Self
    where
        SdkError<E, R>: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        let said = |fallback: &dyn Display| {
            let (code, message) = (error.code().unwrap_or_default(), error.message().unwrap_or_default());
            if code.is_empty() { fallback.to_string() } else { format!("{code}: {message}") }
        };
        let whole = in_words(error);
        match error.code() {
            Some(
                "ProvisionedThroughputExceededException"
                | "LimitExceededException"
                | "ThrottlingException"
                | "KMSThrottlingException",
            ) => Self::Throttled,
            Some("ExpiredIteratorException") => Self::Expired,
            Some("ResourceNotFoundException") => Self::Missing(said(&whole)),
            Some("ValidationException" | "InvalidArgumentException" | "SerializationException") => {
                Self::Unfit(said(&whole))
            }
            Some(
                "InternalFailure" | "ServiceUnavailable" | "InternalServerError" | "InternalFailureException",
            ) => Self::Away(said(&whole)),
            Some(_) => Self::Refused(said(&whole)),
            // Without a code nobody of the service has spoken.
            None => Self::Away(whole),
        }
    }
}

/// An error and what it comes from; the SDK's own way to say so adds all of its fields.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !words.ends_with(&more) {
            words = format!("{words}: {more}");
        }
        source = error.source();
    }
    words
}

/// 2 to the 128th: one more than the last hash key.
const PAST_ALL_SHARDS: &str = "340282366920938463463374607431768211456";
const TOO_LARGE: u16 = 413;
const CONNECT: Duration = Duration::from_secs(3);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(15);
const ANY_REGION: &str = "us-east-1";
