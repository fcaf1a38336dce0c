//! Rides straight into a Kinesis stream, without a broker: PutRecords in batches.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use alleycat_rules::Message;
use alleycat_shared::race::RaceClock;
use alleycat_shared::topic::Topic;
use alleycat_shared::{Millis, RaceId};
use alleycat_stream::Record;
use alleycat_stream::kinesis::{Client, Writer};
use alleycat_stream::quota::RECORD_BYTES;
use alleycat_stream::sink::{Done, Settings};
use anyhow::{Context, bail};
use indicatif::ProgressBar;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval};
use uuid::Uuid;

use crate::config::{Config, RaceChoice};
use crate::field::{phase, progress, racer_ids, show};
use crate::hub::own_time;
use crate::report::{Counters, Report};
use crate::ride::Ride;

/// Rides the whole field into a stream; ends when everything is placed, or with `shutdown`.
///
/// # Errors
/// When there is no such stream, or this makes no sense.
pub(crate) async fn run(
    config: &Config,
    stream: &str,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<Report> {
    let clock = RaceClock::new(config.race_seconds).context("a race can't have that many seconds")?;
    let races = races(config, clock)?;
    let client = Client::new(config.kinesis_endpoint.as_deref()).await;
    if let Err(error) = client.list(stream).await {
        bail!(
            "the stream {stream} can't be reached: {error}. Look at --kinesis-endpoint, the region and the credentials"
        );
    }
    let counters = Counters::new();
    let (send, outcomes) = mpsc::channel(4_096);
    let settings = Settings {
        linger_ms: config.linger_ms.into(),
        records_per_put: config.batch.into(),
        order: config.order.into(),
        ..Settings::default()
    };
    let writer = Writer::start(client, stream.to_owned(), settings, config.seed, send);
    let seconds = f64::from(clock.seconds()) * races.len() as f64 / config.speed;
    let bar = progress(Some(Duration::from_secs_f64(seconds).as_secs() + 1), config.riders);
    let start = Instant::now();
    let mut run = Run {
        counters: &counters,
        under_way: HashMap::new(),
        outcomes,
        bar,
        tick: tokio::time::interval(Duration::from_millis(500)),
        start,
        shutdown: std::pin::pin!(shutdown),
    };
    let mut ticket = 0;
    'races: for race in races {
        let (rides, mut next) = field(config, clock, race)?;
        // Of a race that runs, each second waits for its time; one that is over is put as fast as --speed says.
        let begins = match config.race_choice() {
            RaceChoice::Running => {
                let wait = i128::from(clock.start(race)) - i128::from(own_time());
                let wait = u64::try_from(wait.max(0)).unwrap_or(0);
                let since = own_time().saturating_sub(clock.start(race));
                Instant::now() + Duration::from_millis(wait) - Duration::from_millis(since)
            }
            _ => Instant::now(),
        };
        while let Some(Reverse((at, rider, place))) = next.pop() {
            let ride: &Ride = &rides[rider];
            if let Some(later) = ride.sends().get(place + 1) {
                next.push(Reverse((later.at, rider, place + 1)));
            }
            let send = ride.sends()[place];
            #[expect(clippy::cast_precision_loss, reason = "a race has few ms")]
            let due = begins + Duration::from_secs_f64(at as f64 / 1e3 / config.speed);
            if Instant::now() < due && run.until(tokio::time::sleep_until(due)).await.is_none() {
                break 'races;
            }
            let record = record(config, ride, send.second)?;
            run.under_way.insert(ticket, Instant::now());
            let Some(permit) = run.until(writer.permit()).await else { break 'races };
            permit?.send(record, ticket);
            ticket += 1;
            counters.sent.fetch_add(1, Ordering::Relaxed);
            counters.duplicates.fetch_add(u64::from(send.again), Ordering::Relaxed);
        }
    }
    let Run { mut under_way, mut outcomes, bar, mut tick, .. } = run;
    let told = writer.counters().clone();
    let finish = writer.finish();
    tokio::pin!(finish);
    let patience = tokio::time::sleep(LAST_WORDS);
    tokio::pin!(patience);
    let mut finished = false;
    while !finished || !outcomes.is_empty() {
        tokio::select! {
            () = &mut finish, if !finished => finished = true,
            Some(done) = outcomes.recv() => note(&counters, &mut under_way, done),
            _ = tick.tick() => show(&bar, &counters, start.elapsed().as_secs()),
            () = &mut patience => break,
        }
    }
    bar.finish_and_clear();
    let counts = told.counts();
    counters.throttled.store(counts.throttled, Ordering::Relaxed);
    counters.retried.store(counts.throttled + counts.internal + counts.away, Ordering::Relaxed);
    counters.lost.store(counters.sent.load(Ordering::Relaxed) - counts.placed, Ordering::Relaxed);
    Ok(counters.report(config.riders, start.elapsed()))
}

/// What goes on while something is waited for.
struct Run<'a, S> {
    counters: &'a Counters,
    under_way: HashMap<u64, Instant>,
    outcomes: mpsc::Receiver<Done>,
    bar: ProgressBar,
    tick: Interval,
    start: Instant,
    shutdown: Pin<&'a mut S>,
}

impl<S: Future<Output = ()>> Run<'_, S> {
    /// Waits for `what`, and looks after outcomes and the bar meanwhile. `None` if all is to end.
    async fn until<T>(&mut self, what: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(what);
        loop {
            tokio::select! {
                done = &mut what => return Some(done),
                Some(done) = self.outcomes.recv() => note(self.counters, &mut self.under_way, done),
                _ = self.tick.tick() => show(&self.bar, self.counters, self.start.elapsed().as_secs()),
                () = &mut self.shutdown => return None,
            }
        }
    }
}

fn note(counters: &Counters, under_way: &mut HashMap<u64, Instant>, done: Done) {
    let since = under_way.remove(&done.ticket);
    match (done.outcome, since) {
        (Ok(_), Some(since)) => counters.acknowledge(since.elapsed()),
        (Ok(_), None) => {}
        (Err(error), _) => {
            counters.refused.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(error, "a record will never be taken");
        }
    }
}

/// Which races are ridden: one after the other.
fn races(config: &Config, clock: RaceClock) -> anyhow::Result<Vec<RaceId>> {
    let running = clock.at(own_time()).race_id;
    let first = match config.race_choice() {
        RaceChoice::Running => running.get() + u64::from(config.wait),
        RaceChoice::Last => running.get() - 1,
        RaceChoice::Id(race) => race.get(),
    };
    if config.races == 0 {
        bail!("into a stream a number of races is ridden: give --races, for example 12 for an hour");
    }
    if config.race_choice() == RaceChoice::Running && (config.speed - 1.0).abs() > f64::EPSILON {
        bail!(
            "a race that runs is ridden at its own speed, for no hub takes seconds of the future: leave --speed out, or choose --race last"
        );
    }
    let races = (first..first + config.races).map(|race| race.try_into().context("no such race"));
    races.collect()
}

/// All rides of a race, and the first send of each.
#[expect(clippy::type_complexity, reason = "a heap of times")]
fn field(
    config: &Config,
    clock: RaceClock,
    race: RaceId,
) -> anyhow::Result<(Vec<Ride>, BinaryHeap<Reverse<(Millis, usize, usize)>>)> {
    let habits = config.habits();
    let rides = racer_ids(config)?.into_iter().enumerate().map(|(index, racer)| {
        let class = config.class_of(racer);
        Ride::new(clock, race, class, racer, phase(index, config.riders as usize), config.seed, &habits)
    });
    let rides: Vec<Ride> = rides.collect();
    let first =
        rides.iter().enumerate().filter_map(|(at, ride)| Some(Reverse((ride.sends().first()?.at, at, 0))));
    let heap = first.collect();
    Ok((rides, heap))
}

/// The record of a second: the message as a page publishes it, under a key of the chosen strategy.
fn record(config: &Config, ride: &Ride, second: alleycat_shared::RaceSecond) -> anyhow::Result<Record> {
    let message = ride.message(second);
    let (topic, payload) = (Topic::Publish(Some(message.racer_id)).to_string(), message.to_json());
    let seen =
        Message { topic: &topic, payload: &payload, client_id: None, trace_id: message.uuid, at: own_time() };
    let key = config.partition_key.render(seen, &mut Uuid::new_v4);
    let key = key.with_context(|| {
        format!("the partition key {} is Undefined for our messages", config.partition_key)
    })?;
    Ok(Record::new(key, payload.into(), RECORD_BYTES)?)
}

/// How long the last records may take.
const LAST_WORDS: Duration = Duration::from_secs(120);
