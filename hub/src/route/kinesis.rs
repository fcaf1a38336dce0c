//! The Kinesis action: many rows under way at once, passed in their order.

use std::collections::{HashMap, VecDeque};

use alleycat_rules::{Action, Failure, Order as Wanted};
use alleycat_stream::Record;
use alleycat_stream::kinesis::{Client, Writer};
use alleycat_stream::sink::{self, Done, Order};
use bytes::Bytes;
use tokio::sync::{OnceCell, mpsc};

use super::lane::{Lane, Row};
use crate::config::Config;
use crate::metrics::{self, SinkTold};

/// How records are put.
pub(super) struct Settings {
    endpoint: Option<String>,
    sink: sink::Settings,
    record_bytes: usize,
    client: OnceCell<Client>,
}

impl Settings {
    pub(super) fn of(config: &Config) -> Self {
        let usual = sink::Settings::default();
        let sink = sink::Settings {
            linger_ms: config.kinesis_linger_ms.into(),
            records_per_put: config.kinesis_batch.into(),
            ..usual
        };
        let record_bytes = usize::from(config.kinesis_record_kib) * 1024;
        Self { endpoint: config.kinesis_endpoint.clone(), sink, record_bytes, client: OnceCell::new() }
    }

    async fn client(&self) -> Client {
        self.client.get_or_init(|| Client::new(self.endpoint.as_deref())).await.clone()
    }

    async fn writer(&self, stream: String, order: Order, outcomes: mpsc::Sender<Done>) -> Writer {
        let settings = sink::Settings { order, ..self.sink };
        Writer::start(self.client().await, stream, settings, rand::random(), outcomes)
    }

    /// Puts one record and waits for what becomes of it: for error messages, which are few.
    pub(super) async fn put_one(&self, stream: String, key: String, payload: Bytes) -> Result<(), String> {
        let record = Record::new(key, payload, self.record_bytes).map_err(|error| error.to_string())?;
        let (send, mut outcomes) = mpsc::channel(1);
        let writer = self.writer(stream, Order::None, send).await;
        writer.send(record, 0).await.map_err(|error| error.to_string())?;
        let done = outcomes.recv().await.ok_or("the writer has ended")?;
        done.outcome.map(drop)
    }
}

/// A row of which records are under way.
struct UnderWay {
    id: i64,
    bytes: usize,
    left: usize,
    failed: Vec<(usize, Failure)>,
}

/// A record that waits for room in its stream's writer.
struct Waiting {
    to: (String, Order),
    record: Record,
    ticket: u64,
}

/// Runs a lane into streams.
pub(super) async fn run(lane: Lane, mut rows: mpsc::Receiver<Row>) {
    let targets = std::sync::Arc::clone(&lane.targets);
    let settings = &targets.kinesis;
    let (send, mut outcomes) = mpsc::channel(OUTCOMES);
    let mut writers: HashMap<(String, Order), Writer> = HashMap::new();
    let mut told: HashMap<(String, Order), SinkTold> = HashMap::new();
    let mut under_way: VecDeque<UnderWay> = VecDeque::new();
    let mut waiting: VecDeque<Waiting> = VecDeque::new();
    // The number of the row at the front of `under_way`, and records that are under way.
    let (mut front, mut records) = (0_u64, 0_usize);
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(1));
    let mut ending = false;
    loop {
        while under_way.front().is_some_and(|row| row.left == 0) {
            let Some(row) = under_way.pop_front() else { break };
            front += 1;
            lane.passed(row.id, row.bytes, row.failed).await;
        }
        if ending && under_way.is_empty() {
            return tell(&writers, &mut told);
        }
        if let Some(next) = waiting.front()
            && !writers.contains_key(&next.to)
        {
            let (stream, order) = next.to.clone();
            writers.insert(next.to.clone(), settings.writer(stream, order, send.clone()).await);
        }
        let writer = waiting.front().and_then(|next| writers.get(&next.to));
        tokio::select! {
            done = outcomes.recv() => {
                let Some(Done { ticket, took_ms, outcome }) = done else { return };
                let (row, at) = (ticket >> ROW_SHIFT, ticket & MESSAGE);
                let place = usize::try_from(row - front).ok().and_then(|at| under_way.get_mut(at));
                let Some(row) = place else { continue };
                row.left -= 1;
                records -= 1;
                match outcome {
                    Ok(_) => {
                        metrics::stream_placed(took_ms);
                        lane.delivered(1);
                    }
                    Err(error) => {
                        let at = usize::try_from(at).unwrap_or(usize::MAX);
                        row.failed.push((at, lane.failure(&error)));
                    }
                }
            }
            permit = async { writer?.permit().await.ok() }, if writer.is_some() => {
                let (Some(permit), Some(next)) = (permit, waiting.pop_front()) else { return };
                permit.send(next.record, next.ticket);
            }
            row = rows.recv(), if records < MOST_UNDER_WAY && !ending => {
                let Some(row) = row else {
                    ending = true;
                    continue;
                };
                let (work, mut failed) = lane.work(&row);
                let number = front + under_way.len() as u64;
                let before = waiting.len();
                for (at, action, payload) in work {
                    let Action::Kinesis { stream, partition_key, order } = action else { continue };
                    let to = (stream, if order == Wanted::Key { Order::Key } else { Order::None });
                    let is_known = writers.contains_key(&to) || waiting.iter().any(|waiting| waiting.to == to);
                    if !is_known && writers.len() >= MOST_STREAMS {
                        failed.push((at, lane.failure(&format!("`{}` is one stream too many", to.0))));
                        continue;
                    }
                    match Record::new(partition_key, payload, settings.record_bytes) {
                        Ok(record) => {
                            waiting.push_back(Waiting { to, record, ticket: number << ROW_SHIFT | at as u64 });
                        }
                        Err(error) => failed.push((at, lane.failure(&error))),
                    }
                }
                let left = waiting.len() - before;
                records += left;
                under_way.push_back(UnderWay { id: row.id, bytes: row.bytes, left, failed });
            }
            _ = tick.tick() => {
                tell(&writers, &mut told);
            }
        }
    }
}

/// Tells metrics what the writers have done.
fn tell(writers: &HashMap<(String, Order), Writer>, told: &mut HashMap<(String, Order), SinkTold>) {
    for (to, writer) in writers {
        told.entry(to.clone()).or_default().tell(&to.0, writer.counters());
    }
}

/// Where a ticket has its row; what is below is the message's place in the row.
const ROW_SHIFT: u32 = 32;
const MESSAGE: u64 = (1 << ROW_SHIFT) - 1;
/// Outcomes that wait for the lane.
const OUTCOMES: usize = 1_024;
/// Records under way, beyond which no more rows are read: the rest waits on the disk.
const MOST_UNDER_WAY: usize = 20_000;
/// Streams that one action may write to, for messages may name them.
const MOST_STREAMS: usize = 64;
