//! One task for each subject: it owns its part of the house, breaks it by plan and mends it.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alleycat_shared::Millis;
use alleycat_tests::{Bike, Program};
use anyhow::Context;
use nix::sys::signal::Signal;

use crate::clock::{self, sleep_until};
use crate::link::Weather;
use crate::plan::{Fault, Kind, Subject};
use crate::world::World;

/// A time in which a broker may have acknowledged what it forgot when it was killed.
pub(crate) type Forgotten = RangeInclusive<Millis>;

/// How long it takes on a busy machine until a hub that is well has acknowledged what a rider was acknowledged, ms.
const TAKEN_WITHIN: Millis = 2_000;
/// How long it takes until a hub that is well again is at its broker and its disk again, ms.
const BACK_WITHIN: Millis = 5_000;

/// The plan of one run, and since when nothing on the riders' way to the hub is broken any more.
#[derive(Debug)]
pub(crate) struct Script {
    start: Millis,
    end: Millis,
    faults: Vec<Fault>,
    mended: AtomicU64,
}

impl Script {
    pub(crate) fn new(start: Millis, end: Millis, faults: Vec<Fault>) -> Self {
        Self { start, end, faults, mended: AtomicU64::new(0) }
    }

    /// The faults of a subject with the moments at which they begin and end.
    pub(crate) fn of(&self, subject: Subject) -> Vec<(Fault, Millis, Millis)> {
        let own = self.faults.iter().filter(|fault| fault.subject == subject);
        own.map(|fault| (*fault, self.start + fault.at, self.start + fault.at + fault.lasts)).collect()
    }

    /// When all of it is over.
    pub(crate) fn end(&self) -> Millis {
        self.end
    }

    /// Since when the way from a page to the hub is whole, if it is.
    pub(crate) fn way_is_whole_since(&self) -> Option<Millis> {
        let now = clock::now();
        let way = [Subject::Hub, Subject::Broker, Subject::Links, Subject::Bridge];
        let broken = self.faults.iter().filter(|fault| way.contains(&fault.subject)).any(|fault| {
            let at = self.start + fault.at;
            (at..=at + fault.lasts).contains(&now)
        });
        let last = self.mended.load(Ordering::Relaxed);
        (!broken).then_some(last)
    }

    /// The hub has acknowledged to its broker all that was published before this moment. Mosquitto, which writes down
    /// now and then what it has acknowledged, may forget what is later if it is killed at `now`.
    fn hub_took_all_until(&self, now: Millis) -> Millis {
        let is_of_hub = |fault: &&Fault| matches!(fault.subject, Subject::Hub | Subject::Disk);
        let broken = self.faults.iter().rev().filter(is_of_hub).map(|fault| {
            let at = self.start + fault.at;
            at..=at + fault.lasts + BACK_WITHIN
        });
        let begun = broken.filter(|time| *time.start() <= now);
        begun.fold(
            now - TAKEN_WITHIN,
            |since, time| if *time.end() < since { since } else { since.min(*time.start()) },
        )
    }

    fn mend(&self, world: &World, fault: Fault) {
        self.mended.fetch_max(clock::now(), Ordering::Relaxed);
        world.log.tell(format!("{} is well again after it was {}", fault.subject, fault.kind));
    }
}

fn tell(world: &World, fault: Fault) {
    world.log.tell(format!("{} {} for {:.1} s", fault.subject, fault.kind, seconds(fault.lasts)));
}

fn seconds(ms: Millis) -> f64 {
    Duration::from_millis(ms).as_secs_f64()
}

/// The hub, and whether it ever ends by itself. Returns it as it is in the end.
pub(crate) async fn hub(world: &World, script: &Script, mut hub: Program) -> anyhow::Result<Program> {
    for (fault, at, until) in script.of(Subject::Hub) {
        hub = watch(world, hub, at).await?;
        tell(world, fault);
        match fault.kind {
            Kind::Stopped => {
                hub.signal(Signal::SIGSTOP)?;
                sleep_until(until).await;
                hub.signal(Signal::SIGCONT)?;
            }
            Kind::Ended => {
                hub.signal(Signal::SIGTERM)?;
                let status = hub.wait(Duration::from_secs(30)).await?;
                if !status.success() {
                    world.log.find(format!("the hub was asked to end, and ended with {status}"));
                }
                sleep_until(until).await;
                hub = world.hub().await?;
            }
            _ => {
                hub.kill().await?;
                sleep_until(until).await;
                hub = world.hub().await?;
            }
        }
        script.mend(world, fault);
    }
    watch(world, hub, script.end()).await
}

async fn watch(world: &World, mut hub: Program, until: Millis) -> anyhow::Result<Program> {
    while clock::now() < until {
        if let Some(status) = hub.ended()? {
            world.log.find(format!("the hub ended by itself with {status}"));
            hub = world.hub().await?;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(hub)
}

/// Mosquitto. Returns the times at whose ends it was killed: of these it may have forgotten what it had acknowledged.
pub(crate) async fn broker(world: &World, script: &Script) -> anyhow::Result<Vec<Forgotten>> {
    let mut forgotten = Vec::new();
    let Some(broker) = &world.broker else { return Ok(forgotten) };
    for (fault, at, until) in script.of(Subject::Broker) {
        sleep_until(at).await;
        tell(world, fault);
        let mut broker = broker.lock().await;
        if fault.kind == Kind::Stopped {
            broker.signal(Signal::SIGSTOP)?;
            sleep_until(until).await;
            broker.signal(Signal::SIGCONT)?;
        } else {
            let since = script.hub_took_all_until(clock::now());
            if fault.kind == Kind::Killed {
                broker.kill().await?;
            } else {
                broker.end().await?;
            }
            sleep_until(until).await;
            if fault.kind == Kind::Killed {
                // An acknowledgement that was on its way is heard until now.
                forgotten.push(since..=clock::now());
            }
            broker.restart().await?;
        }
        drop(broker);
        script.mend(world, fault);
    }
    Ok(forgotten)
}

/// The links.
pub(crate) async fn links(world: &World, script: &Script) -> anyhow::Result<()> {
    let link = &world.link;
    for (fault, at, until) in script.of(Subject::Links) {
        sleep_until(at).await;
        tell(world, fault);
        match fault.kind {
            Kind::Cut => link.cut(),
            Kind::HalfOpen => link.half_open(),
            Kind::Refused => {
                link.weather(Weather::Refused);
                link.cut();
            }
            _ => link.weather(Weather::Stalled),
        }
        sleep_until(until).await;
        if fault.kind == Kind::Stalled {
            link.cut();
        }
        link.weather(Weather::Fair);
        script.mend(world, fault);
    }
    Ok(())
}

/// The hub's disk.
pub(crate) async fn disk(world: &World, script: &Script) -> anyhow::Result<()> {
    for (fault, at, until) in script.of(Subject::Disk) {
        sleep_until(at).await;
        tell(world, fault);
        if let Err(error) = world.disk.fill() {
            world.log.tell(format!("{error:#}: the hub wrote too much at that moment"));
        }
        sleep_until(until).await;
        world.disk.free()?;
        script.mend(world, fault);
    }
    Ok(())
}

/// The bridge.
pub(crate) async fn bridge(
    world: &World,
    script: &Script,
    bike: std::path::PathBuf,
    mut bridge: Program,
) -> anyhow::Result<Program> {
    for (fault, at, until) in script.of(Subject::Bridge) {
        while clock::now() < at {
            if let Some(status) = bridge.ended()? {
                world.log.find(format!("the bridge ended by itself with {status}"));
                bridge = world.bridge(&bike).await?;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tell(world, fault);
        if fault.kind == Kind::Stopped {
            bridge.signal(Signal::SIGSTOP)?;
            sleep_until(until).await;
            bridge.signal(Signal::SIGCONT)?;
        } else {
            bridge.kill().await?;
            sleep_until(until).await;
            bridge = world.bridge(&bike).await?;
        }
        script.mend(world, fault);
    }
    Ok(bridge)
}

/// The bike's cable. Returns the bike, plugged in.
pub(crate) async fn bike(world: &World, script: &Script, mut bike: Bike) -> anyhow::Result<Bike> {
    for (fault, at, until) in script.of(Subject::Bike) {
        sleep_until(at).await;
        tell(world, fault);
        bike.unplug();
        sleep_until(until).await;
        bike.plug().context("the bike can't be plugged in again")?;
        world.log.tell("bike plugged in again");
    }
    Ok(bike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_may_forget_what_it_acknowledged_while_the_hub_was_broken() {
        let fault = |subject, at| Fault { subject, kind: Kind::Stopped, at, lasts: 1_000 };
        // In order of time, as plans are.
        let faults =
            vec![fault(Subject::Hub, 10_000), fault(Subject::Disk, 15_000), fault(Subject::Links, 29_000)];
        let script = Script::new(1_000_000, 2_000_000, faults);
        let until = |at: Millis| script.hub_took_all_until(1_000_000 + at) - 1_000_000;
        assert_eq!(until(9_000), 7_000, "all is well");
        assert_eq!(until(10_500), 8_500, "what is under way to a hub that stops just now");
        assert_eq!(until(14_000), 10_000, "it is not quite back");
        assert_eq!(until(16_000), 10_000, "and there is the next one");
        assert_eq!(until(30_000), 28_000, "of the riders' links the hub knows nothing");
    }
}
