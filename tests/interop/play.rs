//! The plot that every library plays, told over lines of text: what it must do is in the environment variable
//! `PLAN`, what happened comes back on its standard output.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use alleycat_tests::{RaceHub, until};
use anyhow::{Context, ensure};
use serde::Serialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::tap::Tap;

/// Long enough for every back-off of every library.
const LIMIT: Duration = Duration::from_secs(40);

/// How the library reaches the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Carrier {
    Tcp,
    Web,
    /// TCP with TLS.
    Tls,
    /// A WebSocket with TLS.
    Wss,
}

/// What a library is told.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub(crate) carrier: Carrier,
    pub(crate) port: u16,
    pub(crate) client_id: String,
    pub(crate) username: String,
    pub(crate) password: String,
    /// Where to publish.
    pub(crate) topic: String,
    /// What to subscribe to.
    pub(crate) board: String,
    /// Two messages of two seconds of the race.
    pub(crate) messages: [String; 2],
    /// What a board holds on which this racer is.
    pub(crate) mark: String,
    /// The certificate to trust.
    pub(crate) certificate: Option<PathBuf>,
}

/// A hub, what lies before it, and the plan for one racer.
pub(crate) struct Stage {
    pub(crate) hub: RaceHub,
    pub(crate) tap: Tap,
    pub(crate) plan: Plan,
    pub(crate) racer: u32,
}

impl Stage {
    pub(crate) async fn set(carrier: Carrier) -> anyhow::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(100);
        let hub = match carrier {
            Carrier::Tcp | Carrier::Web => RaceHub::start().await?,
            Carrier::Tls | Carrier::Wss => RaceHub::with_tls().await?,
        };
        let behind = if matches!(carrier, Carrier::Web | Carrier::Wss) { hub.web } else { hub.tcp };
        let tap = Tap::start(behind).await?;
        let racer = NEXT.fetch_add(1, Ordering::Relaxed);
        let plan = Plan {
            carrier,
            port: tap.port,
            client_id: format!("tablet-{racer}"),
            username: racer.to_string(),
            password: hub.join(racer).await?,
            topic: format!("alleycat-publish/{racer}"),
            board: "alleycat-subscribe/1/board".into(),
            messages: [1, 2].map(|second| hub.message(racer, second)),
            mark: format!("\"racerId\":{racer}"),
            certificate: hub.certificate(),
        };
        Ok(Self { hub, tap, plan, racer })
    }

    /// Lets a program play.
    pub(crate) async fn program(&self, mut command: Command) -> anyhow::Result<()> {
        command.env("PLAN", serde_json::to_string(&self.plan)?).kill_on_drop(true);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (said, told) = (child.stdout.take().context("stdout")?, child.stdin.take().context("stdin")?);
        self.follow(BufReader::new(said), told).await?;
        let status = tokio::time::timeout(LIMIT, child.wait()).await.context("it does not end")??;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }

    /// Follows a player through the plot; what it says is checked by what the hub says.
    pub(crate) async fn follow(
        &self,
        said: impl AsyncBufRead + Unpin,
        mut told: impl AsyncWrite + Unpin,
    ) -> anyhow::Result<()> {
        let mut said = said.lines();
        let mut hear = async |expected: &str| -> anyhow::Result<()> {
            let line = tokio::time::timeout(LIMIT, said.next_line()).await;
            let line = line.with_context(|| format!("waited for `{expected}`"))??;
            ensure!(line.as_deref() == Some(expected), "it says {line:?} and not `{expected}`");
            Ok(())
        };
        hear("connected").await?;
        hear("subscribed").await?;
        hear("acknowledged").await?;
        ensure!(self.hub.seconds(self.racer).await? == 1, "the first message is acknowledged and counts");
        hear("on the board").await?;
        // It went away and came back, and did not subscribe again.
        hear("resumed").await?;
        hear("on the board").await?;
        self.tap.withhold();
        told.write_all(b"publish\n").await?;
        until("the second message", LIMIT, async || {
            Ok((self.hub.seconds(self.racer).await? == 2).then_some(()))
        })
        .await?;
        // The hub has it, its acknowledgement never arrives: it must be sent again.
        let before = self.hub.counted(DUPLICATES).await?;
        self.tap.cut();
        hear("resumed").await?;
        hear("acknowledged").await?;
        ensure!(self.hub.seconds(self.racer).await? == 2, "each message counts once");
        ensure!(self.hub.counted(DUPLICATES).await? > before, "the second message was sent again");
        Ok(())
    }
}

/// Messages that the hub had already.
pub(crate) const DUPLICATES: &str = "alleycat_messages_duplicate_total";
