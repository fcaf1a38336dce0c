//! Packages of npm that tests and benches compare with. They lie in the tools' cache, never in the checkout.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::setup;
use crate::shell::{self, apt_install, command, which};

/// Installs what a folder's `package-lock.json` names, once for each content of it, and returns the
/// `node_modules` folder.
pub(crate) fn packages(folder: &Path) -> anyhow::Result<PathBuf> {
    if which("node").is_none() || which("npm").is_none() {
        apt_install(&["nodejs", "npm"], "Node.js, for the programs to compare with")?;
    }
    let lock = std::fs::read(folder.join("package-lock.json"))
        .with_context(|| format!("{} has no package-lock.json", folder.display()))?;
    let cache = cache_for("node", &lock)?;
    let (modules, done) = (cache.join("node_modules"), cache.join("done"));
    if !done.is_file() {
        std::fs::create_dir_all(&cache)?;
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(folder.join(file), cache.join(file))?;
        }
        let mut install = command("npm");
        install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&cache);
        shell::run("npm packages to compare with", &mut install)?;
        std::fs::write(done, "")?;
    }
    Ok(modules)
}

/// A folder of the tools' cache that belongs to one content of a file that pins versions.
pub(crate) fn cache_for(kind: &str, pinned: &[u8]) -> anyhow::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    pinned.hash(&mut hasher);
    Ok(setup::cache()?.join(format!("{kind}-{:016x}", hasher.finish())))
}
