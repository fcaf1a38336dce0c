//! From the pedal to the board: a bike on a pty, the bridge, the page, the hub, fifty riders more.

use std::time::Duration;

use alleycat_shared::api::{RaceResult, RaceState, ResultRow};
use alleycat_shared::race::RaceMoment;
use alleycat_shared::{Cadence, Output, RaceId, Resistance, Score};
use alleycat_tests::{Bike, Browser, Page, Program, Programs, TABLET, free_port, race_now, until};
use anyhow::{Context, ensure};

/// Long enough for the choice between this race and the next, which comes after 15 s.
const RACE_SECONDS: u16 = 30;
const GRACE_SECONDS: &str = "3";
/// The rider on the bike; the simulated ones are 101 to 150.
const RACER: u32 = 7;
const OTHERS: usize = 50;
/// 120 rpm at raw 860: more than any simulated rider puts out, so the place is known.
const CADENCE: u32 = 120;
const RAW: u32 = 860;
/// What raw 860 is by the bike's own table, in per cent.
const PERCENT: f64 = 59.8;

/// How long the cable is out: the last reading counts for a moment more, and three seconds must be missing.
const PULLED: Duration = Duration::from_secs(5);

const SOON: Duration = Duration::from_secs(15);
const A_RACE: Duration = Duration::from_secs(2 * RACE_SECONDS as u64 + 20);

struct House {
    programs: Programs,
    hub_port: u16,
    bridge_port: u16,
    bike: Bike,
    browser: Browser,
    _hub: Program,
    _bridge: Program,
}

impl House {
    async fn start() -> anyhow::Result<Self> {
        let programs = Programs::from_env()?;
        let (hub_port, bridge_port) = (free_port()?, free_port()?);
        let seconds = RACE_SECONDS.to_string();
        let hub =
            programs.hub(hub_port, &["--race-seconds", &seconds, "--grace-seconds", GRACE_SECONDS]).await?;
        let bike = Bike::new(CADENCE, RAW)?;
        let bridge = programs.bridge(bridge_port, hub_port, &bike.path(), "peloton").await?;
        let browser = Browser::start().await?;
        Ok(Self { programs, hub_port, bridge_port, bike, browser, _hub: hub, _bridge: bridge })
    }

    /// The page on the bike's tablet, loaded from the bridge.
    async fn tablet(&self) -> anyhow::Result<Page> {
        let url = format!("http://localhost:{}/?racer={RACER}&name=Ann&class=1", self.bridge_port);
        self.browser.open("tablet", TABLET, &url).await
    }

    /// Fifty riders from the next race's start to its end.
    fn riders(&self) -> anyhow::Result<Program> {
        let target = format!("ws://127.0.0.1:{}/mqtt", self.hub_port);
        let others = OTHERS.to_string();
        let args = ["--riders", &others, "--first-id", "101", "--wait", "--races", "1", "--target", &target];
        Program::start("the simulator", &mut self.programs.command("alleycat-sim", args))
    }

    /// Waits for a moment of the running race that is late enough to be asked, and early enough for
    /// everybody to be ready by the next one.
    async fn late_in_a_race(&self) -> anyhow::Result<RaceMoment> {
        until("a race that is 16 to 21 s old", A_RACE, async || {
            let moment = race_now(RACE_SECONDS);
            Ok((16_000..21_000).contains(&moment.elapsed_ms).then_some(moment))
        })
        .await
    }

    async fn official(&self, race: RaceId) -> anyhow::Result<RaceResult> {
        let url = format!("http://127.0.0.1:{}/api/races/{race}/classes/1", self.hub_port);
        until("the official result", SOON, async || {
            let answer = reqwest::get(&url).await?.error_for_status()?;
            let result: RaceResult = answer.json().await?;
            Ok((result.state == RaceState::Official).then_some(result))
        })
        .await
    }
}

/// What the frames imply for so many seconds.
fn implied(seconds: u16) -> anyhow::Result<Score> {
    let output = Output::of(Cadence::try_from(f64::from(CADENCE))?, Resistance::try_from(PERCENT)?);
    Ok((0..seconds).fold(Score::ZERO, |score, _| score + output))
}

fn own(result: &RaceResult) -> anyhow::Result<&ResultRow> {
    result.results.iter().find(|row| row.racer_id.get() == RACER).context("the rider is in the result")
}

#[tokio::test]
async fn the_line_from_pedal_to_board() -> anyhow::Result<()> {
    let mut house = House::start().await?;
    let tablet = house.tablet().await?;
    let spectator_url = format!("http://127.0.0.1:{}/?class=1", house.hub_port);
    let spectator = house.browser.open("spectator", TABLET, &spectator_url).await?;

    // The bike is live before anybody has pressed anything.
    tablet.attribute_when("sensor-state", "data-state", SOON, |state| state == "live").await?;
    let moment = house.late_in_a_race().await?;
    let mut riders = house.riders()?;
    tablet.pictures("setup").await?;
    tablet.click("start").await?;
    tablet.click("next-race").await?;
    let race: RaceId = (moment.race_id.get() + 1).try_into()?;
    tablet.pictures("countdown").await?;

    // In the race: live cadence, and first of fifty-one.
    tablet.text_when("cadence", A_RACE, |text| text.starts_with(&CADENCE.to_string())).await?;
    tablet.text_when("place", SOON, |text| text.starts_with('1')).await?;
    tablet.attribute_when("link-state", "data-state", SOON, |state| state == "connected").await?;
    let rows =
        "return [...document.querySelectorAll(\"[data-testid='board-row']\")].map(row => row.dataset.racer)";
    until("fifty-one riders on the tablet's board", SOON, async || {
        let text = tablet.evaluate("return document.body.innerText").await?;
        Ok(text.as_str().is_some_and(|text| text.contains("51")).then_some(()))
    })
    .await?;
    // A second page, straight from the hub, sees the rider lead.
    until("the rider leads on the spectator's board", SOON, async || {
        let first = spectator.evaluate(rows).await?[0].as_str().and_then(|racer| racer.parse().ok());
        Ok((first == Some(RACER)).then_some(()))
    })
    .await?;
    tablet.pictures("race").await?;
    spectator.pictures("spectator").await?;

    // At the end: everybody, and the score that the frames imply, to four decimals.
    let place = tablet.text_when("finish-place", A_RACE, |text| !text.is_empty() && text != "–").await?;
    ensure!(place.starts_with('1'), "finished at place {place}");
    let result = house.official(race).await?;
    ensure!(result.results.len() == OTHERS + 1, "{} riders in the result", result.results.len());
    let row = own(&result)?;
    ensure!(row.rank == 1 && row.name.as_str() == "Ann", "{row:?}");
    ensure!((RACE_SECONDS - 2..=RACE_SECONDS).contains(&row.seconds), "{} seconds counted", row.seconds);
    ensure!(row.score == implied(row.seconds)?, "{} is not the score of {} seconds", row.score, row.seconds);
    for other in &result.results[1..] {
        ensure!((RACE_SECONDS - 1..=RACE_SECONDS).contains(&other.seconds), "{other:?}");
    }
    let shown = tablet
        .attribute_when("finish-score", "data-value", SOON, |score| score == row.score.to_string())
        .await;
    shown.context("the page shows the official score")?;
    tablet.pictures("finish").await?;
    ensure!(riders.wait(A_RACE).await?.success(), "the simulator failed");

    // Once more, and in mid-race the cable is pulled.
    house.late_in_a_race().await?;
    tablet.click("again").await?;
    tablet.click("next-race").await?;
    let race: RaceId = (race_now(RACE_SECONDS).race_id.get() + 1).try_into()?;
    tablet.text_when("cadence", A_RACE, |text| text.starts_with(&CADENCE.to_string())).await?;
    until("the race is eight seconds old", A_RACE, async || {
        let moment = race_now(RACE_SECONDS);
        Ok((moment.race_id == race && moment.elapsed_ms > 8_000).then_some(()))
    })
    .await?;
    house.bike.unplug();
    tablet.attribute_when("sensor-state", "data-state", SOON, |state| state == "no-port").await?;
    tokio::time::sleep(PULLED).await;
    let cadence = tablet.text("cadence").await?.unwrap_or_default();
    ensure!(
        !cadence.contains('0'),
        "no data is neither 0 nor the last value, but the page shows {cadence:?}"
    );
    tablet.pictures("unplugged").await?;
    house.bike.plug()?;
    tablet.attribute_when("sensor-state", "data-state", SOON, |state| state == "live").await?;
    tablet.text_when("cadence", SOON, |text| text.starts_with(&CADENCE.to_string())).await?;

    // The race went on: seconds are missing, and no false zero is among those that count.
    let result = house.official_after(race).await?;
    let row = own(&result)?;
    ensure!((15..RACE_SECONDS - 2).contains(&row.seconds), "{} seconds counted", row.seconds);
    ensure!(row.score == implied(row.seconds)?, "{} is not the score of {} seconds", row.score, row.seconds);
    tablet.close().await?;
    spectator.close().await
}

impl House {
    /// Waits for a race to end, then for its result.
    async fn official_after(&self, race: RaceId) -> anyhow::Result<RaceResult> {
        let over = async || Ok((race_now(RACE_SECONDS).race_id > race).then_some(()));
        until("the end of the race", A_RACE, over).await?;
        self.official(race).await
    }
}
