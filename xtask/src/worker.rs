//! The service worker of a finished page: `worker.js` with the list of what it keeps, and the words in
//! `index.html` that have it registered. A page that Trunk alone has built has none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::pack;
use crate::shell::{self, command, output};

/// Writes the worker of the page in `dist`, last of all: it has the hashes of all files.
pub(crate) fn write(dist: &Path) -> anyhow::Result<()> {
    let index = dist.join("index.html");
    let html = fs::read_to_string(&index).with_context(|| format!("{} can't be read", index.display()))?;
    fs::write(&index, named(&html, &commit())?)?;
    let mut files = Vec::new();
    list(dist, "", &mut files)?;
    files.sort();
    let (version, script) = worker(&files);
    fs::write(dist.join(NAME), script)?;
    println!("  {} files are kept offline, as version {version}", files.len());
    Ok(())
}

/// The index with the worker's address and the commit, in the place of earlier ones.
fn named(html: &str, commit: &str) -> anyhow::Result<String> {
    let lines = html.lines().filter(|line| !line.contains(MARK));
    let plain = lines.collect::<Vec<_>>().join("\n");
    let (head, body) = plain.split_once("</head>").context("the page has no head")?;
    let head = head.trim_end();
    Ok(format!(
        "{head}\n<meta name=\"worker\" content=\"/{NAME}\" {MARK}>\n<meta name=\"commit\" content=\"{commit}\" {MARK}>\n</head>{body}\n"
    ))
}

/// A path as the browser asks for it, and the hash of what is there.
type File = (String, String);

/// The version and the script. The version is that of all contents: the same page is kept once.
fn worker(files: &[File]) -> (String, String) {
    let mut hash = Sha256::new();
    hash.update(TEMPLATE);
    files.iter().for_each(|(path, digest)| hash.update(format!("{path} {digest}\n")));
    let version: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let list: Vec<_> =
        files.iter().map(|(path, digest)| format!("  [\"{path}\", \"sha256-{digest}\"]")).collect();
    let list = format!("[\n{}\n]", list.join(",\n"));
    (version.clone(), TEMPLATE.replace("VERSION", &version).replace("FILES_OF_THE_PAGE", &list))
}

fn list(folder: &Path, under: &str, files: &mut Vec<File>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).context("a file with a plain name")?;
        let address = format!("{under}/{name}");
        if path.is_dir() {
            list(&path, &address, files)?;
        } else if address != format!("/{NAME}") && !name.starts_with('.') && !pack::is_packed(name) {
            let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
            ensure!(address.chars().all(plain), "{address} would have to be escaped");
            let address = if address == "/index.html" { "/".to_owned() } else { address };
            files.push((address, STANDARD.encode(Sha256::digest(fs::read(&path)?))));
        }
    }
    Ok(())
}

/// Where the sources are in their history, if they are under version control.
fn commit() -> String {
    let mut git = command("git");
    let known = output(git.current_dir(shell::root()).args(["rev-parse", "--short=10", "HEAD"]));
    known.unwrap_or_default()
}

const NAME: &str = "worker.js";
const TEMPLATE: &str = include_str!("worker.js");
/// On lines of the index that are ours.
const MARK: &str = "data-finished";

#[cfg(test)]
mod tests {
    use super::*;

    fn page(icon: &str) -> (PathBuf, String) {
        let folder = std::env::temp_dir().join(format!("alleycat-worker-{}-{icon}", std::process::id()));
        fs::create_dir_all(folder.join("fonts")).unwrap();
        fs::write(folder.join("index.html"), "<head>\n<title>A</title></head><body></body>").unwrap();
        fs::write(folder.join("icon.svg"), icon).unwrap();
        fs::write(folder.join("fonts/a.woff2"), "font").unwrap();
        write(&folder).unwrap();
        let script = fs::read_to_string(folder.join(NAME)).unwrap();
        (folder, script)
    }

    fn version(script: &str) -> &str {
        script.split("alleycat-page-").nth(1).unwrap().split('"').next().unwrap()
    }

    #[test]
    fn every_file_is_listed_once_with_the_hash_of_its_content() {
        let (folder, script) = page("one");
        for path in ["/\"", "/icon.svg\"", "/fonts/a.woff2\""] {
            assert_eq!(script.matches(&format!("[\"{path}, \"sha256-")).count(), 1, "{path}: {script}");
        }
        let icon = STANDARD.encode(Sha256::digest("one"));
        assert!(script.contains(&format!("[\"/icon.svg\", \"sha256-{icon}\"]")), "{script}");
        assert!(!script.contains("\"/worker.js\"") && !script.contains("\"/index.html\","), "{script}");
        assert!(!script.contains("FILES_OF_THE_PAGE"), "{script}");
        let html = fs::read_to_string(folder.join("index.html")).unwrap();
        assert_eq!(html.matches("name=\"worker\"").count(), 1, "{html}");
        let index = STANDARD.encode(Sha256::digest(&html));
        assert!(script.contains(&index), "of the index as it is served");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_page_that_is_finished_twice_is_the_same_and_another_page_has_another_version() {
        let (folder, once) = page("same");
        write(&folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join(NAME)).unwrap(), once);
        let (other, script) = page("other");
        assert_ne!(version(&script), version(&once));
        fs::remove_dir_all(folder).unwrap();
        fs::remove_dir_all(other).unwrap();
    }
}
