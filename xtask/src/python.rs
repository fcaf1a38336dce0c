//! Packages of PyPI that tests compare with. They lie in the tools' cache, never in the checkout.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::node::cache_for;
use crate::shell::{self, apt_install, command, output, which};

/// Installs what a folder's `requirements.txt` names with its hashes, once for each content of it, and returns
/// the interpreter that finds it.
pub(crate) fn interpreter(folder: &Path) -> anyhow::Result<PathBuf> {
    let able = || {
        which("python3").is_some() && output(command("python3").args(["-c", "import ensurepip"])).is_some()
    };
    if !able() {
        apt_install(&["python3", "python3-venv"], "Python, for the programs to compare with")?;
    }
    let pinned = folder.join("requirements.txt");
    let text = std::fs::read(&pinned).with_context(|| format!("{} can't be read", pinned.display()))?;
    let cache = cache_for("python", &text)?;
    let (python, done) = (cache.join("bin/python"), cache.join("done"));
    if !done.is_file() {
        shell::run("a Python environment", command("python3").args(["-m", "venv", "--clear"]).arg(&cache))?;
        let mut install = command(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        install.args(["--only-binary", ":all:", "--require-hashes", "-r"]).arg(&pinned);
        shell::run("Python packages to compare with", &mut install)?;
        std::fs::write(done, "")?;
    }
    Ok(python)
}
