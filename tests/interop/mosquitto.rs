//! mosquitto_pub and mosquitto_sub. Debian's speak no WebSocket. They say what they send and receive (`-d`), but
//! not whether a session was present: that is shown by what comes.

use std::process::Stdio;
use std::time::Duration;

use alleycat_tests::{Fate, Proxy};
use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::play::{Carrier, DUPLICATES, Plan, Stage};

const LIMIT: Duration = Duration::from_secs(40);
/// As mosquitto_pub numbers its ends.
const CONNECTION_LOST: i32 = 7;

/// Runs one of them with a session that is kept; returns what it says and with which code it ends.
async fn run(
    program: &str,
    plan: &Plan,
    port: u16,
    id: &str,
    more: &[&str],
) -> anyhow::Result<(String, i32)> {
    let mut command = Command::new(program);
    command.args(["-h", "localhost", "-p", &port.to_string(), "-V", "311", "-d", "-c", "-i", id]);
    if let Some(certificate) = &plan.certificate {
        command.arg("--cafile").arg(certificate);
    }
    command.args(more).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await.context("it does not end")??;
    Ok((String::from_utf8(output.stdout)?, output.status.code().context("it was killed")?))
}

async fn plays(carrier: Carrier) -> anyhow::Result<()> {
    let stage = Stage::set(carrier).await?;
    let plan = &stage.plan;
    let login = ["-u", &plan.username, "-P", &plan.password, "-q", "1", "-t", &plan.topic, "-m"];
    let publish = |message| [&login[..], &[message]].concat();
    let id = &plan.client_id;
    let (said, code) = run("mosquitto_pub", plan, plan.port, id, &publish(plan.messages[0].as_str())).await?;
    ensure!(code == 0 && said.contains("received PUBACK"), "{code}: {said}");
    ensure!(stage.hub.seconds(stage.racer).await? == 1);

    // It leaves after the SUBACK (-E); then the same client asks for another board and gets this one as well.
    let (said, code) = run("mosquitto_sub", plan, plan.port, "reader", &["-t", &plan.board, "-E"]).await?;
    ensure!(code == 0, "{code}: {said}");
    let other = ["-t", "alleycat-subscribe/6/board", "-C", "6"];
    let (said, code) = run("mosquitto_sub", plan, plan.port, "reader", &other).await?;
    ensure!(code == 0 && said.contains(&plan.mark), "{code}: {said}");

    if carrier == Carrier::Tcp {
        // CONNACK arrives and the first byte of PUBACK: the hub has the message, and who sent it does not know.
        let proxy = Proxy::start(stage.hub.tcp, [Fate::CutDown(5)]).await?;
        let message = publish(plan.messages[1].as_str());
        // It does not try again by itself, but says that the connection was lost.
        let (said, code) = run("mosquitto_pub", plan, proxy.port, id, &message).await?;
        ensure!(code == CONNECTION_LOST, "{code}: {said}");
        ensure!(stage.hub.seconds(stage.racer).await? == 2);
        let (said, code) = run("mosquitto_pub", plan, proxy.port, id, &message).await?;
        ensure!(code == 0 && said.contains("received PUBACK"), "{code}: {said}");
        ensure!(stage.hub.seconds(stage.racer).await? == 2, "each message counts once");
        ensure!(stage.hub.counted(DUPLICATES).await? == 1, "it came twice");
    }
    Ok(())
}

#[tokio::test]
async fn over_tcp() -> anyhow::Result<()> {
    plays(Carrier::Tcp).await
}

#[tokio::test]
async fn over_tls() -> anyhow::Result<()> {
    plays(Carrier::Tls).await
}
