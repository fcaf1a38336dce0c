//! Puts a finished page into the hub: that of the folder which `ALLEYCAT_PAGE_EMBEDDED` names. `cargo xtask dist` does so, for
//! who hands out a hub hands out one file.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const VARIABLE: &str = "ALLEYCAT_PAGE_EMBEDDED";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let files = match env::var_os(VARIABLE) {
        Some(folder) => files(Path::new(&folder))?,
        None => Vec::new(),
    };
    let list = files.iter().map(|(name, path)| format!("({name:?}, include_bytes!({path:?}).as_slice()),\n"));
    let folder = env::var_os("OUT_DIR").map(PathBuf::from).ok_or(io::ErrorKind::NotFound)?;
    fs::write(folder.join("page.rs"), format!("&[{}]", list.collect::<String>()))
}

/// Name and place of each file, in the order of names.
fn files(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let files = fs::read_dir(folder)?.map(|entry| {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).filter(|_| path.is_file());
        let name = name.ok_or_else(|| io::Error::other(format!("{} is no plain file", path.display())))?;
        Ok((name.to_owned(), path))
    });
    let mut files = files.collect::<io::Result<Vec<_>>>()?;
    files.sort();
    match files.iter().any(|(name, _)| name == "index.html") {
        true => Ok(files),
        false => Err(io::Error::other(format!("{} has no index.html: it is no page", folder.display()))),
    }
}
