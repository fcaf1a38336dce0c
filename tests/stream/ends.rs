//! The sink and the source, with the emulator and its limits between them.

use std::collections::HashMap;

use alleycat_kinesis_limits::Settings;
use alleycat_shared::message::RaceMessage;
use alleycat_shared::race::Race;
use alleycat_stream::Record;
use alleycat_stream::kinesis::{Client, Reader, Writer};
use alleycat_stream::quota::RECORD_BYTES;
use alleycat_stream::sink::{self, Done};
use alleycat_stream::source::{self, Batch, Checkpoints};
use alleycat_tests::{Emulator, Kinesis};
use anyhow::{Context, ensure};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::rides::{Rides, now};
use crate::rig::{STREAM, away_for, limit, race, same, troubled, witnessed};

/// How often the reader ends in the midst of its work, without a word.
const DEATHS: usize = 10;

async fn client(kinesis: &Kinesis) -> Client {
    Client::new(Some(&kinesis.url())).await
}

/// Puts all messages, and does something to the stream after each quarter of them.
async fn write(kinesis: &Kinesis, messages: &[RaceMessage]) -> anyhow::Result<()> {
    let settings = sink::Settings { longest_wait_ms: 500, ..sink::Settings::default() };
    let (tell, mut outcomes) = mpsc::channel(1_000);
    let writer = Writer::start(client(kinesis).await, STREAM.to_owned(), settings, 1, tell);
    let expected = messages.len();
    let heard = tokio::spawn(async move {
        let mut tickets = vec![0_u32; expected];
        while let Some(Done { ticket, outcome, .. }) = outcomes.recv().await {
            outcome.map_err(anyhow::Error::msg)?;
            tickets[usize::try_from(ticket)?] += 1;
        }
        ensure!(tickets.iter().all(|count| *count == 1), "some records were not told of once");
        anyhow::Ok(())
    });
    for (quarter, part) in messages.chunks(messages.len().div_ceil(4)).enumerate() {
        for (message, ticket) in part.iter().zip(quarter * messages.len().div_ceil(4)..) {
            let data = serde_json::to_vec(message)?;
            let record = Record::new(message.racer_id.to_string(), data.into(), RECORD_BYTES)?;
            writer.send(record, u64::try_from(ticket)?).await?;
        }
        let open = kinesis.open_shards(STREAM).await?;
        match quarter {
            0 => kinesis.split(STREAM, &open[0]).await?,
            1 => kinesis.merge(STREAM, &open[1], &open[2]).await?,
            2 => {
                kinesis.limits.away(true);
                sleep(away_for()).await;
                kinesis.limits.away(false);
            }
            _ => {}
        }
    }
    timeout(limit(), writer.finish()).await.context("the writer does not finish")?;
    heard.await?
}

/// What has been read: of each rider, the seconds in the order in which they were first seen.
struct Seen {
    race: Race,
    seconds: HashMap<u32, Vec<u16>>,
    records: usize,
    messages: usize,
}

impl Seen {
    fn new(rides: Rides) -> anyhow::Result<Self> {
        Ok(Self { race: rides.nobody()?, seconds: HashMap::new(), records: 0, messages: 0 })
    }

    fn take(&mut self, batch: &Batch) -> anyhow::Result<()> {
        for record in &batch.records {
            let message: RaceMessage = serde_json::from_slice(&record.data)?;
            ensure!(record.key == message.racer_id.to_string(), "{} under {}", message.racer_id, record.key);
            self.race.take(&message, now()?)?;
            let seconds = self.seconds.entry(message.racer_id.get()).or_default();
            if !seconds.contains(&message.second.get()) {
                seconds.push(message.second.get());
                self.messages += 1;
            }
            self.records += 1;
        }
        Ok(())
    }
}

/// Reads until all messages have been seen. Batches that come just before a death were seen and not kept: they
/// come again.
async fn read(kinesis: &Kinesis, rides: Rides) -> anyhow::Result<(Seen, usize)> {
    let all = usize::from(rides.riders) * usize::from(rides.clock.seconds());
    let settings = source::Settings { longest_wait_ms: 500, ..source::Settings::default() };
    let (mut checkpoints, mut seen, mut deaths) = (Checkpoints::new(), Seen::new(rides)?, 0);
    let start = async |checkpoints: &Checkpoints| -> (Reader, mpsc::Receiver<Batch>) {
        Reader::start(client(kinesis).await, STREAM.to_owned(), settings, checkpoints.clone(), 1)
    };
    let (mut reader, mut batches) = start(&checkpoints).await;
    while seen.messages < all {
        let batch = timeout(limit(), batches.recv())
            .await
            .with_context(|| format!("nothing is read any more: {:?}", reader.progress()))?;
        let batch = batch.context("the reader has ended")?;
        seen.take(&batch)?;
        if deaths < DEATHS && seen.messages > (deaths + 1) * all / (DEATHS + 2) {
            deaths += 1;
            drop(reader);
            (reader, batches) = start(&checkpoints).await;
            continue;
        }
        if let Some(checkpoint) = batch.checkpoint() {
            checkpoints.insert(batch.shard.clone(), checkpoint);
        }
    }
    Ok((seen, deaths))
}

/// Writes and reads a race through all that can happen to it, and compares with what should have come of it.
async fn a_race_through_trouble(emulator: Emulator) -> anyhow::Result<()> {
    let kinesis = Kinesis::of(emulator, troubled()).await?;
    kinesis.create(STREAM, 2).await?;
    let rides = race()?;
    let messages = rides.messages(rides.seconds())?;
    // Were a record lost, the reader would read on for ever.
    let both = async { tokio::try_join!(write(&kinesis, &messages), read(&kinesis, rides)) };
    let ((), (seen, deaths)) = timeout(limit(), both).await.context("not all is read in the end")??;
    same(&rides.rows(&seen.race), &rides.result()?)?;
    let in_order: Vec<u16> = rides.seconds().collect();
    for (racer, seconds) in &seen.seconds {
        ensure!(*seconds == in_order, "racer {racer} was read as {seconds:?}");
    }
    let counts = kinesis.limits.counts().total(STREAM);
    ensure!(
        deaths == DEATHS && counts.failed_records > 0 && counts.doubtful_records > 0,
        "{deaths}: {counts:?}"
    );
    ensure!(seen.records > messages.len(), "nothing was ever read twice: {}", seen.records);
    let twice = witnessed(&kinesis, &messages).await?;
    ensure!(u64::from(twice) >= counts.doubtful_records, "{twice}: {counts:?}");
    Ok(())
}

#[tokio::test]
async fn each_key_stays_in_order_through_faults_splits_deaths_and_a_stream_that_is_away() -> anyhow::Result<()>
{
    a_race_through_trouble(Emulator::Kinesalite).await
}

#[tokio::test]
async fn another_one_s_emulator_comes_to_the_same() -> anyhow::Result<()> {
    a_race_through_trouble(Emulator::Moto).await
}

/// Twenty records of which one is over the service's usual limit, where an operator believed in a higher one:
/// which of them did not go.
async fn refused_of_twenty(emulator: Emulator) -> anyhow::Result<Vec<u64>> {
    let kinesis = Kinesis::of(emulator, Settings::default()).await?;
    kinesis.create(STREAM, 1).await?;
    // Past the limits: a shard that takes 1 MiB a second would never take it.
    let client = Client::new(Some(kinesis.emulator())).await;
    let (tell, mut outcomes) = mpsc::channel(100);
    let writer = Writer::start(client, STREAM.to_owned(), sink::Settings::default(), 1, tell);
    for ticket in 0..20 {
        let bytes = if ticket == 7 { RECORD_BYTES + RECORD_BYTES / 2 } else { 1_000 };
        writer
            .send(Record::new(format!("k{ticket}"), vec![b'x'; bytes].into(), 2 * RECORD_BYTES)?, ticket)
            .await?;
    }
    timeout(limit(), writer.finish()).await.context("the writer does not finish")?;
    let mut refused = Vec::new();
    while let Some(Done { ticket, outcome, .. }) = outcomes.recv().await {
        if outcome.is_err() {
            refused.push(ticket);
        }
    }
    Ok(refused)
}

#[tokio::test]
async fn an_unfit_record_is_found_and_spoils_no_other() -> anyhow::Result<()> {
    for emulator in [Emulator::Kinesalite, Emulator::Moto] {
        let refused = refused_of_twenty(emulator).await?;
        ensure!(refused == [7], "{emulator:?}: {refused:?}");
    }
    Ok(())
}
