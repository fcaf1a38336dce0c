//! What is kept on this machine for when the hub is away: its last good configuration and page.
//!
//! ```text
//! DIR/config.json     the configuration, as the page gets it
//! DIR/page -> page-7  the page; swapped whole, by renaming the link
//! DIR/page-6          the page before, for who is just loading it
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;

#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

/// A page that is being fetched; nothing of it is seen before [`Store::swap`].
#[derive(Debug)]
pub(super) struct Draft {
    folder: PathBuf,
}

impl Store {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The folder of the page, there or not.
    pub(super) fn page(&self) -> PathBuf {
        self.folder.join(PAGE)
    }

    /// The folder of the page before.
    pub(super) fn page_before(&self) -> PathBuf {
        self.folder.join(BEFORE)
    }

    pub(super) fn config(&self) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.folder.join(CONFIG)).ok()?).ok()
    }

    /// Keeps a configuration, whole or not at all.
    pub(super) fn keep_config(&self, config: &Value) -> io::Result<()> {
        if self.config().as_ref() == Some(config) {
            return Ok(());
        }
        let draft = self.folder.join("config.json.new");
        let mut file = fs::File::create(&draft)?;
        file.write_all(config.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(draft, self.folder.join(CONFIG))
    }

    /// An empty folder for the next page; what an interrupted fetch left in it is gone.
    pub(super) fn draft(&self) -> io::Result<Draft> {
        let current = self.number();
        let next = (0..3).find(|number| Some(*number) != current && Some(*number) != self.number_before());
        let folder = self.folder.join(format!("{PAGE}-{}", next.unwrap_or_default()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder)?;
        Ok(Draft { folder })
    }

    /// Makes a complete draft the page, unless it is what is kept already. Returns whether it is new.
    pub(super) fn swap(&self, draft: &Draft) -> io::Result<bool> {
        if self.page().exists() && same(&draft.folder, &self.page())? {
            fs::remove_dir_all(&draft.folder)?;
            return Ok(false);
        }
        fs::File::open(&draft.folder)?.sync_all()?;
        if let Ok(current) = fs::read_link(self.page()) {
            self.point(BEFORE, &current)?;
        }
        self.point(PAGE, Path::new(draft.folder.file_name().unwrap_or_default()))?;
        Ok(true)
    }

    fn point(&self, link: &str, target: &Path) -> io::Result<()> {
        let new = self.folder.join("link.new");
        _ = fs::remove_file(&new);
        symlink(target, &new)?;
        fs::rename(new, self.folder.join(link))?;
        fs::File::open(&self.folder)?.sync_all()
    }

    fn number(&self) -> Option<u32> {
        number(&self.page())
    }

    fn number_before(&self) -> Option<u32> {
        number(&self.page_before())
    }
}

impl Draft {
    /// Where a file of the page goes; its folders are made.
    pub(super) fn path(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
        Ok(path)
    }
}

/// The paths that a text of the page names: quoted in HTML and manifests, in `url()` in style sheets.
/// Only plain paths from the root are taken, without the leading slash; what the bridge answers itself is
/// left out.
pub(super) fn references(text: &str) -> BTreeSet<String> {
    let pieces = text.split(['"', '\'', '(', ')']);
    let paths = pieces.filter_map(|piece| piece.strip_prefix('/')).filter(|path| is_plain(path));
    paths.filter(|path| !OURS.iter().any(|ours| path.starts_with(ours))).map(ToOwned::to_owned).collect()
}

fn is_plain(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    path.split('/').all(plain) && path.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

fn number(link: &Path) -> Option<u32> {
    fs::read_link(link).ok()?.to_str()?.rsplit('-').next()?.parse().ok()
}

/// Whether two folders hold the same files.
fn same(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut left, mut right) = (names(one)?, names(other)?);
    left.sort();
    right.sort();
    if left != right {
        return Ok(false);
    }
    for name in left {
        let (one, other) = (one.join(&name), other.join(&name));
        let equal = match (one.is_dir(), other.is_dir()) {
            (true, true) => same(&one, &other)?,
            (false, false) => {
                fs::metadata(&one)?.len() == fs::metadata(&other)?.len() && fs::read(one)? == fs::read(other)?
            }
            _ => false,
        };
        if !equal {
            return Ok(false);
        }
    }
    Ok(true)
}

fn names(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
}

const PAGE: &str = "page";
const BEFORE: &str = "before";
const CONFIG: &str = "config.json";
/// What the bridge answers itself.
const OURS: [&str; 3] = ["api/", "config.json", "sensor"];

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(store: &Store, index: &str) -> bool {
        let draft = store.draft().unwrap();
        fs::write(draft.path("index.html").unwrap(), index).unwrap();
        fs::write(draft.path("fonts/a.woff2").unwrap(), index).unwrap();
        store.swap(&draft).unwrap()
    }

    #[test]
    fn a_page_is_swapped_whole_and_the_one_before_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        for (index, new) in [("1", true), ("1", false), ("2", true), ("3", true), ("4", true), ("4", false)] {
            assert_eq!(keep(&store, index), new, "{index}");
            assert_eq!(fs::read_to_string(store.page().join("fonts/a.woff2")).unwrap(), index);
        }
        assert_eq!(fs::read_to_string(store.page_before().join("index.html")).unwrap(), "3");
        let folders = names(folder.path()).unwrap();
        assert!(folders.len() <= 5, "old pages go: {folders:?}");
    }

    #[test]
    fn an_interrupted_fetch_is_never_seen() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(keep(&store, "1"));
        fs::write(store.draft().unwrap().path("half.js").unwrap(), "let").unwrap();
        assert_eq!(fs::read_to_string(store.page().join("index.html")).unwrap(), "1");
        assert!(keep(&store, "2"));
        assert!(!store.page().join("half.js").exists());
    }

    #[test]
    fn a_damaged_page_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(keep(&store, "1"));
        fs::write(store.page().join("index.html"), "").unwrap();
        assert!(keep(&store, "1"));
    }

    #[test]
    fn only_plain_paths_of_the_page_are_followed() {
        let text = r#"<link href="/a.css"> import '/app-1_bg.wasm'; src: url(/fonts/b.woff2) "/" "/api/clock.json"
            "//evil.example/x.js" "/../x.js" "/a/../../x.js" "/.ssh" "https://e/x.js" "/sensor" "/config.json" "/%2e%2e/x.js""#;
        let found: Vec<_> = references(text).into_iter().collect();
        assert_eq!(found, ["a.css", "app-1_bg.wasm", "fonts/b.woff2"]);
    }

    #[test]
    fn a_configuration_is_kept_and_half_a_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.config(), None);
        store.keep_config(&serde_json::json!({"a": 1})).unwrap();
        assert_eq!(store.config(), Some(serde_json::json!({"a": 1})));
        fs::write(folder.path().join(CONFIG), "{\"a\":").unwrap();
        assert_eq!(store.config(), None);
    }
}
