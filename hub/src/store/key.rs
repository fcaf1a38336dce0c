//! The key that signs tokens: drawn once and kept beside the store, for its owner's eyes only.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rand::RngExt;

use super::StoreError;

/// The key of this store; without a folder, one that ends with the process.
///
/// # Errors
/// [`StoreError`] if the file is there and no key, or can't be read or made.
pub(crate) fn signing_key(folder: Option<&Path>) -> Result<[u8; 32], StoreError> {
    let fresh: [u8; 32] = rand::rng().random();
    let Some(folder) = folder else { return Ok(fresh) };
    let path = folder.join(KEY_FILE);
    let failed = |source| StoreError::Folder { folder: folder.to_owned(), source };
    if let Ok(mut file) = File::open(&path) {
        let mut key = Vec::new();
        file.read_to_end(&mut key).map_err(failed)?;
        return key.try_into().map_err(|_| StoreError::Key(path));
    }
    // Whole or not at all: a power cut must not leave half a key.
    let part = folder.join("token.key.part");
    _ = std::fs::remove_file(&part);
    let mut file = File::options().create_new(true).write(true).mode(0o600).open(&part).map_err(failed)?;
    file.write_all(&fresh).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&part, &path).map_err(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(fresh)
}

/// Its name beside the store.
pub(super) const KEY_FILE: &str = "token.key";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_drawn_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let key = signing_key(Some(folder.path())).unwrap();
        assert_eq!(signing_key(Some(folder.path())).unwrap(), key);
        let mode = folder.path().join(KEY_FILE).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(signing_key(None).unwrap(), key);
    }

    #[test]
    fn a_file_that_is_no_key_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(KEY_FILE), "short").unwrap();
        assert!(matches!(signing_key(Some(folder.path())), Err(StoreError::Key(_))));
    }
}
