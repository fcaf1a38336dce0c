//! The hub's disk: a file system of its own in memory, which can be filled to the last byte and be emptied again
//! in a moment.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use nix::sys::statvfs::statvfs;
use tempfile::TempDir;

/// A folder for the hub; unmounted when dropped.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: TempDir,
    mounted: bool,
}

impl Disk {
    /// Where mounting is not permitted, a plain folder that never is full.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut disk = Self { folder: tempfile::tempdir()?, mounted: false };
        std::fs::create_dir(disk.root())?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={ROOM_KIB}k"), "alleycat-chaos"]).arg(disk.root());
        disk.mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        Ok(disk)
    }

    /// Where the hub keeps its things.
    pub(crate) fn data(&self) -> PathBuf {
        self.root().join("races")
    }

    /// Whether it can be filled.
    pub(crate) fn can_be_full(&self) -> bool {
        self.mounted
    }

    /// Takes all room that nobody has used.
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        let stat = statvfs(&self.root()).context("the disk does not say how full it is")?;
        let used = (stat.blocks() - stat.blocks_free()) * stat.fragment_size() / 1_024;
        // A hub may have written meanwhile: try with a little more.
        ensure!((0..8).any(|more| self.resize(used.max(4) + more * 256)), "the disk can't be filled");
        Ok(())
    }

    /// Gives the room back.
    pub(crate) fn free(&self) -> anyhow::Result<()> {
        ensure!(self.resize(ROOM_KIB), "the disk can't be emptied");
        Ok(())
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn resize(&self, kib: u64) -> bool {
        let options = format!("remount,size={kib}k");
        let mut mount = Command::new("mount");
        mount.args(["-o", &options]).arg(self.root()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            unmount(&self.root());
        }
    }
}

fn unmount(root: &Path) {
    // Whoever still has a file open there keeps it until it ends.
    _ = Command::new("umount").arg("--lazy").arg(root).status();
}

/// Enough for hours; memory is taken only for what is written.
const ROOM_KIB: u64 = 8 * 1_024 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_takes_nothing_and_an_emptied_one_takes_it_again() {
        let disk = Disk::new().unwrap();
        if !disk.can_be_full() {
            return;
        }
        let file = disk.root().join("file");
        std::fs::write(&file, vec![1; 300_000]).unwrap();
        disk.fill().unwrap();
        let refused = std::fs::write(disk.root().join("more"), vec![1; 4_800_000]).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::StorageFull);
        disk.free().unwrap();
        std::fs::write(disk.root().join("more"), vec![1; 4_800_000]).unwrap();
        assert_eq!(std::fs::read(&file).unwrap().len(), 300_000);
    }
}
