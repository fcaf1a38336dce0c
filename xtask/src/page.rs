//! Building the page for release into `target/page`, apart from the `dist` of a `trunk serve`.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::setup::Tools;
use crate::shell::{self, command};
use crate::{pack, parts, setup, styles, worker};

/// What to build.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Finish the page that `trunk build` has left in this folder instead: write its service worker.
    #[arg(long, value_name = "DIR")]
    finish: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    match &options.finish {
        Some(dist) => finish(dist),
        None => build(&setup::for_page()?).map(|dist| println!("\n  {}\n", dist.display())),
    }
}

/// Builds the page for release. Returns the folder.
pub(crate) fn build(tools: &Tools) -> anyhow::Result<PathBuf> {
    let mut trunk = command("trunk");
    let dist = shell::root().join("target/page");
    trunk.args(["build", "--release", "--offline", "--features", parts::FEATURE, "--dist"]).arg(&dist);
    tools.prepare(&mut trunk);
    // Trunk reads NO_COLOR as a boolean and stops on other values.
    trunk.env_remove("NO_COLOR");
    shell::run("build the page", &mut trunk)?;
    parts::take(tools, &dist).context("the page's module can't be taken apart")?;
    for file in fs::read_dir(&dist).context("Trunk left no page")?.flatten().map(|file| file.path()) {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("wasm") => strip(&file),
            Some("js") => slim(&file),
            _ => Ok(()),
        }
        .with_context(|| format!("{} can't be made smaller", file.display()))?;
    }
    let reader = ["_bg.wasm", ".js"].map(|rest| ([READER, rest].concat(), rest.to_owned()));
    name_by_content(&dist, READER, &reader).context("what reads bikes can't be given its name")?;
    styles::join(&dist).context("the page's style sheets can't be put together")?;
    finish(&dist)?;
    Ok(dist)
}

/// What comes last: the list of what is kept offline has the hashes of all files, and all of them are packed.
fn finish(dist: &Path) -> anyhow::Result<()> {
    worker::write(dist)?;
    pack::all(dist).context("the page's files can't be packed")
}

/// Gives the files of a module a name with a hash of all of them in it, so that a browser may keep them for ever.
/// `files` are their names, each with what stands after the hash. They are spoken of in the scripts among them and
/// in `index.html`.
pub(crate) fn name_by_content(dist: &Path, stem: &str, files: &[(String, String)]) -> anyhow::Result<()> {
    let mut hasher = DefaultHasher::new();
    for (file, _) in files {
        hasher.write(&fs::read(dist.join(file))?);
    }
    let hash = hasher.finish();
    let new = |rest: &str| format!("{stem}-{hash:016x}{rest}");
    let scripts = files.iter().map(|(file, _)| file.as_str()).filter(|file| file.ends_with(".js"));
    for script in scripts.chain(["index.html"]) {
        let text = fs::read_to_string(dist.join(script))?;
        let text = files.iter().fold(text, |text, (old, rest)| text.replace(old, &new(rest)));
        fs::write(dist.join(script), text)?;
    }
    for (old, rest) in files {
        fs::rename(dist.join(old), dist.join(new(rest)))?;
    }
    Ok(())
}

/// The page's program.
pub(crate) const PAGE: &str = "alleycat-app";
/// How it is built; see the root `Cargo.toml`.
pub(crate) const PROFILE: &str = "page";

/// What reads bikes in the page's stead.
pub(crate) const READER: &str = "alleycat-bike";

/// Binds a module to the browser: puts it into `folder` with its glue, both under this name.
pub(crate) fn bind(tools: &Tools, module: &Path, folder: &Path, name: &str) -> anyhow::Result<()> {
    let mut bindgen = command("wasm-bindgen");
    tools.prepare(&mut bindgen);
    // The parts of a module share its table of functions.
    bindgen.args(["--target", "web", "--no-typescript", "--keep-lld-exports"]);
    bindgen.args(["--out-name", name, "--out-dir"]);
    shell::run("wasm-bindgen", bindgen.arg(folder).arg(module))
}

/// Builds the gallery into `target/gallery`, quickly: it is looked at and not shipped. Its document is the page's
/// own with another program in it, so that both wear the same style.
pub(crate) fn gallery(tools: &Tools) -> anyhow::Result<PathBuf> {
    let (folder, dist) = (shell::root().join("app/gallery"), shell::root().join("target/gallery"));
    let page =
        fs::read_to_string(shell::root().join("app/index.html")).context("the page has no index.html")?;
    let (document, file) = (gallery_document(&page)?, folder.join("index.html"));
    // Trunk builds anew what is newer.
    if fs::read_to_string(&file).ok().as_ref() != Some(&document) {
        fs::write(&file, document)?;
    }
    let mut trunk = command("trunk");
    trunk.args(["build", "--offline", "--dist"]).arg(&dist).arg(&file).env_remove("NO_COLOR");
    tools.prepare(&mut trunk);
    shell::run("build the gallery", &mut trunk)?;
    Ok(dist)
}

fn gallery_document(page: &str) -> anyhow::Result<String> {
    let program =
        page.lines().find(|line| line.contains(r#"rel="rust""#)).context("the page has no program")?;
    let ours = r#"    <link data-trunk rel="css" data-integrity="none" href="gallery.css" />
    <link data-trunk rel="copy-file" href="words.woff2" />
    <link data-trunk rel="rust" href="Cargo.toml" data-bin="alleycat-gallery" data-integrity="none" />"#;
    // What reads bikes in the browser has nothing to read here.
    let reader = page.lines().find(|line| line.contains(r#"data-type="worker""#)).unwrap_or_default();
    let document =
        page.replace(program, ours).replace(reader, "").replace("href=\"style/", "href=\"../style/");
    Ok(document.replace("href=\"../public/", "href=\"../../public/"))
}

/// Takes comments and indentation out of wasm-bindgen's glue, which has nothing that lasts over a line's end.
/// (Trunk's own minifier stops at its `export default`.)
fn slim(file: &Path) -> anyhow::Result<()> {
    let script = fs::read_to_string(file)?;
    let lines = script.lines().map(str::trim_start);
    let code =
        lines.filter(|line| !line.is_empty() && !["//", "/*", "*"].iter().any(|c| line.starts_with(c)));
    Ok(fs::write(file, code.flat_map(|line| [line, "\n"]).collect::<String>())?)
}

/// Takes the custom sections out of a module: the names of functions, half of the file, which no browser
/// needs. (wasm-opt would do it too and save a twentieth more, but the one that Debian has breaks modules
/// with reference types, which rustc's are.)
pub(crate) fn strip(file: &Path) -> anyhow::Result<()> {
    const HEADER: usize = 8;
    const CUSTOM: u8 = 0;
    let module = fs::read(file)?;
    let (header, mut rest) = module.split_at_checked(HEADER).context("not a WebAssembly module")?;
    let mut stripped = header.to_vec();
    while let Some((&id, after_id)) = rest.split_first() {
        let (size, after_size) = leb128(after_id).context("a section without a size")?;
        let body = after_size.len() - after_size.len().saturating_sub(size);
        if body != size {
            bail!("a section is cut off");
        }
        let (section, next) = rest.split_at(rest.len() - after_size.len() + size);
        if id != CUSTOM {
            stripped.extend_from_slice(section);
        }
        rest = next;
    }
    Ok(fs::write(file, stripped)?)
}

/// An unsigned number of seven bits a byte, and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glue_keeps_its_code_and_nothing_else() {
        let file = std::env::temp_dir().join(format!("alleycat-slim-{}.js", std::process::id()));
        fs::write(&file, "/**\n * What.\n */\nfunction f(a) {\n    // Why.\n    return a * 2;\n}\n\n")
            .unwrap();
        slim(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "function f(a) {\nreturn a * 2;\n}\n");
        fs::remove_file(&file).unwrap();
    }

    #[test]
    fn the_gallery_wears_the_pages_style() {
        let page = fs::read_to_string(shell::root().join("app/index.html")).unwrap();
        let document = gallery_document(&page).unwrap();
        let styles = |text: &str| text.matches("style/").count();
        assert_eq!(styles(&document), styles(&page));
        assert!(document.contains("alleycat-gallery") && !document.contains("alleycat-app"));
        assert!(!document.contains("\"style/") && !document.contains("\"../public/"));
    }

    #[test]
    fn a_name_follows_the_content_wherever_it_is_said() {
        let dist = std::env::temp_dir().join(format!("alleycat-names-{}", std::process::id()));
        let built = |module: &[u8]| {
            fs::create_dir_all(&dist).unwrap();
            fs::write(dist.join("bike_bg.wasm"), module).unwrap();
            fs::write(dist.join("bike.js"), "new URL('bike_bg.wasm', import.meta.url)").unwrap();
            fs::write(dist.join("index.html"), r#"content="/bike.js" data-module="/bike_bg.wasm""#).unwrap();
            let files = ["_bg.wasm", ".js"].map(|rest| (["bike", rest].concat(), rest.to_owned()));
            name_by_content(&dist, "bike", &files).unwrap();
            let index = fs::read_to_string(dist.join("index.html")).unwrap();
            let names: Vec<_> = index.split('"').filter_map(|part| part.strip_prefix('/')).collect();
            let [script, module] = names.as_slice() else { panic!("{index}") };
            let glue = fs::read_to_string(dist.join(script)).unwrap();
            assert!(glue.contains(module) && dist.join(module).is_file(), "{glue}");
            let name = (*module).to_owned();
            fs::remove_dir_all(&dist).unwrap();
            name
        };
        assert_eq!(built(b"one"), built(b"one"));
        assert_ne!(built(b"one"), built(b"two"));
    }

    #[test]
    fn only_custom_sections_go() {
        let file = std::env::temp_dir().join(format!("alleycat-strip-{}.wasm", std::process::id()));
        let module = b"\0asm\x01\0\0\0\x01\x02ab\0\x05\x04name\x03\x01c";
        fs::write(&file, module).unwrap();
        strip(&file).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"\0asm\x01\0\0\0\x01\x02ab\x03\x01c");
        fs::write(&file, &module[..module.len() - 1]).unwrap();
        assert!(strip(&file).is_err());
        fs::remove_file(&file).unwrap();
    }
}
