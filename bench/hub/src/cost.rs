//! What a field of riders costs a server.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::riders::{Field, Rode, Way};
use crate::servers::{Programs, Server};

pub(crate) struct Cost {
    pub(crate) riders: f64,
    /// Of one core.
    pub(crate) processor: f64,
    /// The same of each process.
    pub(crate) each: Vec<f64>,
    /// Resident, more than without riders, in bytes.
    pub(crate) memory: f64,
    /// Messages that were acknowledged, of one a rider and second.
    pub(crate) taken: f64,
    /// Boards and views that came, of two a rider and second.
    pub(crate) arrived: f64,
    pub(crate) rode: Rode,
}

impl Cost {
    /// What a second of a rider costs, in microseconds of a core: a generator that lags sends less than one.
    pub(crate) fn of_a_second(&self) -> f64 {
        self.processor * 1e6 / (self.riders * self.taken)
    }
}

/// Lets riders ride for a while.
pub(crate) async fn measure(server: Server, riders: u32, way: Way, seconds: u64) -> anyhow::Result<Cost> {
    let empty = server.resident()?;
    let field = Field::start(server.port, riders, way).await?;
    tokio::time::sleep(SETTLE).await;
    field.count(true);
    let before = server.each_busy()?;
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let after = server.each_busy()?;
    let took = began.elapsed().as_secs_f64();
    let each: Vec<_> =
        after.iter().zip(&before).map(|(after, before)| (*after - *before).as_secs_f64() / took).collect();
    field.count(false);
    let memory = server.resident()?.saturating_sub(empty) as f64;
    let rode = field.finish().await?;
    if rode.acknowledged == 0 {
        bail!("nothing was acknowledged");
    }
    let riders = f64::from(riders);
    let arrived = rode.boards as f64 / (2.0 * riders * took);
    let taken = rode.acknowledged as f64 / (riders * took);
    Ok(Cost { riders, taken, processor: each.iter().sum(), each, memory, arrived, rode })
}

/// How many riders hub and generator have files for.
pub(crate) fn room(programs: &Programs, files: u64) -> anyhow::Result<u32> {
    Ok(Server::hub(programs, &[])?.room.min(u32::try_from(files - SPARE_FILES)?))
}

/// Riders get this long to settle, so that their joining is not measured.
const SETTLE: Duration = Duration::from_secs(4);
/// Files that a process of this bench needs besides its connections.
const SPARE_FILES: u64 = 100;
