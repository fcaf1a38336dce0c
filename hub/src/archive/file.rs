//! One file of the archive in each wanted format: written under a temporary name, whole before it has its own.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::ArchiveFormat;
use super::line::Lines;
use super::table::Table;
use crate::store::Record;

/// The open files. Dropped before their end, they leave no file with a name of its own.
pub(super) struct Writers {
    lines: Option<(PathBuf, Lines)>,
    table: Option<(PathBuf, Table)>,
}

impl Writers {
    pub(super) fn create(folder: &Path, format: ArchiveFormat) -> io::Result<Self> {
        let part = |extension: &str| folder.join(format!("open.{extension}.part"));
        let (json, parquet) = match format {
            ArchiveFormat::Json => (true, false),
            ArchiveFormat::Parquet => (false, true),
            ArchiveFormat::Both => (true, true),
            ArchiveFormat::None => (false, false),
        };
        let lines = json.then(|| part(Lines::EXTENSION));
        let table = parquet.then(|| part(Table::EXTENSION));
        Ok(Self {
            lines: lines
                .map(|path| Ok::<_, io::Error>((path.clone(), Lines::new(open(&path)?))))
                .transpose()?,
            table: table
                .map(|path| Ok::<_, io::Error>((path.clone(), Table::new(open(&path)?)?)))
                .transpose()?,
        })
    }

    pub(super) fn write(&mut self, record: &Record) -> io::Result<()> {
        if let Some((_, lines)) = &mut self.lines {
            lines.write(record)?;
        }
        if let Some((_, table)) = &mut self.table {
            table.write(record)?;
        }
        Ok(())
    }

    /// Syncs the files and gives them their name in `folder`. Returns their size in bytes.
    pub(super) fn finish(self, folder: &Path, name: &str) -> io::Result<u64> {
        let mut bytes = 0;
        if let Some((part, lines)) = self.lines {
            bytes += publish(&part, &lines.finish()?, &folder.join(format!("{name}.{}", Lines::EXTENSION)))?;
        }
        if let Some((part, table)) = self.table {
            bytes += publish(&part, &table.finish()?, &folder.join(format!("{name}.{}", Table::EXTENSION)))?;
        }
        File::open(folder)?.sync_all()?;
        Ok(bytes)
    }
}

fn open(part: &Path) -> io::Result<File> {
    File::options().create(true).truncate(true).write(true).mode(0o600).open(part)
}

fn publish(part: &Path, file: &File, name: &Path) -> io::Result<u64> {
    file.sync_all()?;
    fs::rename(part, name)?;
    Ok(file.metadata()?.len())
}
