//! Keys that are drawn once and kept beside the store, for its owner's eyes only: the one that signs tokens,
//! and the host's.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt;

use super::StoreError;

/// The key of this store; without a folder, one that ends with the process.
///
/// # Errors
/// [`StoreError`] if the file is there and no key, or can't be read or made.
pub(crate) fn signing_key(folder: Option<&Path>) -> Result<[u8; 32], StoreError> {
    let fresh: [u8; 32] = rand::rng().random();
    let Some(folder) = folder else { return Ok(fresh) };
    let key = kept(folder, KEY_FILE, &fresh)?;
    key.try_into().map_err(|_| StoreError::Key(folder.join(KEY_FILE)))
}

/// The key of the host in this folder: text, to be copied by a person.
///
/// # Errors
/// [`StoreError`] if the file is there and holds no text, or can't be read or made.
pub(crate) fn host_key(folder: &Path) -> Result<String, StoreError> {
    let fresh: [u8; 18] = rand::rng().random();
    let key = kept(folder, HOST_KEY_FILE, URL_SAFE_NO_PAD.encode(fresh).as_bytes())?;
    match String::from_utf8(key) {
        Ok(key) if !key.trim().is_empty() => Ok(key.trim().to_owned()),
        _ => Err(StoreError::Key(folder.join(HOST_KEY_FILE))),
    }
}

/// What a file beside the store holds; `fresh` if it was not there.
fn kept(folder: &Path, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
    let path = folder.join(name);
    let failed = |source| StoreError::Folder { folder: folder.to_owned(), source };
    if let Ok(mut file) = File::open(&path) {
        let mut key = Vec::new();
        file.read_to_end(&mut key).map_err(failed)?;
        return Ok(key);
    }
    // Whole or not at all: a power cut must not leave half a key.
    let part = folder.join(KEY_PART);
    _ = std::fs::remove_file(&part);
    let mut file = File::options().create_new(true).write(true).mode(0o600).open(&part).map_err(failed)?;
    file.write_all(fresh).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&part, &path).map_err(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(fresh.to_owned())
}

/// The signing key's name beside the store.
pub(super) const KEY_FILE: &str = "token.key";
/// The host's key's name.
pub(super) const HOST_KEY_FILE: &str = "host.key";
/// A key that is not whole yet.
pub(super) const KEY_PART: &str = "key.part";

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
