//! The file action: one line for each payload, on the disk before the message is done.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path};

/// Appends lines to a file below `folder`, and makes the file and its folders if need be. Blocks.
///
/// # Errors
/// What went wrong, in words: also for a path that a message has led out of where the rule writes.
pub(super) fn append(folder: &Path, path: &Path, lines: &[&[u8]]) -> Result<(), String> {
    if path.components().any(|part| matches!(part, Component::ParentDir)) {
        return Err(format!("`{}` leads out of its folder", path.display()));
    }
    let path = folder.join(path);
    write(&path, lines).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, lines: &[&[u8]]) -> io::Result<()> {
    let mut file = match open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or_else(|| Path::new(".")))?;
            open(path)?
        }
        opened => opened?,
    };
    let mut text = Vec::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    for line in lines {
        // One line a message, whatever is in it: JSON has no bare line ends, and other payloads lose theirs.
        text.extend(line.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
        text.push(b'\n');
    }
    file.write_all(&text)?;
    file.sync_data()
}

/// Opened for each row anew, so that a file that was moved away is made again.
fn open(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_and_no_message_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        append(folder.path(), Path::new("a/b.jsonl"), &[b"{}", b"x\ny"]).unwrap();
        append(folder.path(), Path::new("a/b.jsonl"), &[b"z"]).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("a/b.jsonl")).unwrap(), "{}\nx y\nz\n");
        assert!(append(folder.path(), Path::new("a/../../b"), &[b"z"]).unwrap_err().contains("leads out"));
        assert!(append(folder.path(), Path::new("a"), &[b"z"]).is_err(), "a folder is no file");
    }
}
