//! A disk that the system makes read-only while the hub runs, as Linux does with a file system that it finds
//! broken: races go on, nothing is acknowledged, and all that was acknowledged is there after the repair.
//!
//! This needs a file system of its own to break: an ext4 in a file. Where that is not permitted, the test says
//! so and does nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use alleycat_shared::race::RaceClock;
use tempfile::TempDir;

use crate::disk::{message, until};
use crate::rig::{CONNACK, Mqtt, Program, connect, now, puback, publish, subscribe};

/// A file system in a file; unmounted when dropped.
struct Disk {
    folder: TempDir,
    mounted: bool,
}

impl Disk {
    /// `None` where it is not permitted.
    fn new() -> Option<Self> {
        let disk = Self { folder: tempfile::tempdir().unwrap(), mounted: false };
        let image = std::fs::File::create(disk.image()).unwrap();
        image.set_len(32 * 1024 * 1024).unwrap();
        std::fs::create_dir(disk.root()).unwrap();
        let made = run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), &disk.image()]);
        let mut disk = made.then_some(disk)?;
        disk.mount().then_some(())?;
        disk.breaker().exists().then_some(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn mount(&mut self) -> bool {
        let options = "loop,errors=remount-ro".as_ref();
        self.mounted = run("mount", &["-o".as_ref(), options, &self.image(), &self.root()]);
        self.mounted
    }

    fn device(&self) -> String {
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
        let root = self.root();
        let line = mounts.lines().find(|line| line.split(' ').nth(1) == root.to_str()).unwrap();
        line.split(' ').next().unwrap().trim_start_matches("/dev/").to_owned()
    }

    /// Where the kernel lets itself be told of an error in this file system.
    fn breaker(&self) -> PathBuf {
        Path::new("/sys/fs/ext4").join(self.device()).join("trigger_fs_error")
    }

    /// The kernel finds an error, and from now on the disk is read-only.
    fn fail(&self) {
        std::fs::write(self.breaker(), "a test breaks this file system").unwrap();
        let refused = std::fs::write(self.root().join("anything"), "").unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    }

    /// What its owner does: repair, and mount again.
    fn repair(&mut self) {
        assert!(run("umount", &[&self.root()]));
        self.mounted = false;
        // 1 means: errors were corrected.
        let repaired = Command::new("e2fsck").args(["-f", "-y"]).arg(self.image()).output().unwrap();
        assert!(matches!(repaired.status.code(), Some(0 | 1)), "{repaired:?}");
        assert!(self.mount());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            run("umount", &["-l".as_ref(), &self.root()]);
        }
    }
}

fn run(program: &str, args: &[&Path]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}

fn serve(folder: &Path) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"));
    command.args(["serve", "--open", "--listen", "127.0.0.1:0", "--race-seconds", "3600"]);
    command.args(["--grace-seconds", "65000", "--data"]).arg(folder);
    Program::run(command)
}

async fn rider(program: &Program) -> Mqtt {
    let mut rider = Mqtt::open(&program.address, Some("mqtt")).await.unwrap();
    rider.send(&connect("rider", None)).await;
    assert_eq!(rider.packet().await, CONNACK);
    rider
}

#[tokio::test]
async fn a_read_only_disk_stops_acknowledgements_and_not_the_race() {
    let Some(mut disk) = Disk::new() else {
        println!("skipped: mounting an ext4 from a file is not permitted here");
        return;
    };
    let races = disk.root().join("races");
    let program = serve(&races);
    let race = RaceClock::new(3_600).unwrap().at(now()).race_id.get() - 1;
    let send = |second: u8| publish(second, "alleycat-publish/7", &message(race, second.into()));
    let mut before = rider(&program).await;
    for second in 1..=5 {
        before.send(&send(second)).await;
        assert_eq!(before.packet().await, puback(second));
    }
    disk.fail();
    for second in 6..=10 {
        before.send(&send(second)).await;
    }
    let health = until(&program, "degraded").await;
    assert!(health["store"].as_str().unwrap().contains("nothing is acknowledged"), "{health}");
    // Boards go out, also to the rider whose acknowledgements wait.
    before.send(&subscribe(1, "alleycat-subscribe/1/board")).await;
    assert_eq!(before.packet().await[0], 0x90, "no acknowledgement slips through");
    for _ in 0..2 {
        assert_eq!(before.packet().await[0] >> 4, 3, "boards, and no acknowledgement");
    }
    let path = format!("/api/races/{race}/classes/1");
    assert_eq!(program.get(&path).await["results"][0]["seconds"], 10, "the race goes on");

    // It ends by the signal although nothing can be written.
    assert!(Command::new("kill").args(["-TERM", &program.id().to_string()]).status().unwrap().success());
    tokio::time::timeout(Duration::from_secs(20), tokio::task::spawn_blocking(|| program.ended()))
        .await
        .expect("the hub ends")
        .unwrap();
    disk.repair();
    let program = serve(&races);
    assert_eq!(program.get(&path).await["results"][0]["seconds"], 5, "all that was acknowledged");
    let mut after = rider(&program).await;
    for second in 6..=10 {
        after.send(&send(second)).await;
        assert_eq!(after.packet().await, puback(second));
    }
    assert_eq!(program.get(&path).await["results"][0]["seconds"], 10, "and the rest, when sent again");
    drop(program);
}
