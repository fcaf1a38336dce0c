//! What the process takes of the machine, as Linux tells it.

use std::fs;
use std::path::Path;

use nix::sys::statvfs::statvfs;
use serde::Serialize;
use utoipa::ToSchema;

/// What the hub takes, and what is left.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    /// Memory of this process, in bytes.
    memory: Option<u64>,
    /// Open files of this process.
    files: Option<u64>,
    /// How many it may have.
    most_files: Option<u64>,
    /// Room on the disk of the store, in bytes.
    disk_free: Option<u64>,
    /// Bytes that the store takes, without the archive.
    store: Option<u64>,
}

impl Machine {
    /// As it is now. Blocks for a moment.
    pub(crate) fn now(folder: Option<&Path>) -> Self {
        let disk = folder.and_then(|folder| statvfs(folder).ok());
        Self {
            memory: memory(),
            files: fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64),
            most_files: rlimit::Resource::NOFILE.get_soft().ok(),
            disk_free: disk.map(|disk| disk.blocks_available().saturating_mul(disk.fragment_size())),
            store: folder.map(size),
        }
    }

    /// Room on the disk, in bytes.
    pub(crate) fn disk_free(&self) -> Option<u64> {
        self.disk_free
    }
}

/// The resident part.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

/// The files right in a folder.
fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).filter(fs::Metadata::is_file).map(|file| file.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), [0; 1_000]).unwrap();
        let machine = Machine::now(Some(folder.path()));
        assert!(machine.memory.unwrap() > 1_000_000 && machine.files.unwrap() > 2);
        assert!(machine.most_files > machine.files && machine.disk_free.is_some());
        assert_eq!(machine.store, Some(1_000));
        assert_eq!(Machine::now(None).store, None);
    }
}
