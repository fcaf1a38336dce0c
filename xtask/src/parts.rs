//! What the first race does without comes out of the page's module, into files that the page loads when they are
//! wanted: cargo's own module is taken apart at the functions that `app/src/apart.rs` marks, bound to the browser
//! anew, and takes the place of what Trunk has put into the finished page.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::page::{self, PAGE, PROFILE};
use crate::setup::Tools;
use crate::shell::{self, command};
use crate::wasm;

/// The feature of the page's module that marks where it is to be taken apart.
pub(crate) const FEATURE: &str = "split";
/// What loads the parts, as the tool names it. The module asks for it by this name.
const LOADER: &str = "__wasm_split.js";
/// Where we have it.
const OUR_LOADER: &str = "_parts.js";
/// How the tool names a part that is asked for by its name.
const PART: &str = "split_";
/// What several parts have in common.
const COMMON: &str = "chunk_";

/// Takes the module apart that Trunk has just had built, and puts the parts into `dist` in the place of the whole.
pub(crate) fn take(tools: &Tools, dist: &Path) -> anyhow::Result<()> {
    let built = wasm::target_dir().join(wasm::TARGET).join(PROFILE).join(PAGE).with_extension("wasm");
    let folder = shell::root().join("target/parts");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut split = command("wasm-split-cli");
    tools.prepare(&mut split);
    split.arg(&built).arg(&folder).args(["--target", "web", "--out-name", PAGE]);
    shell::run("take the page's module apart", &mut split)?;
    let main = folder.join(PAGE).with_extension("wasm");
    page::bind(tools, &main, &folder, PAGE)?;
    fs::remove_file(main)?;
    name_loader(&folder)?;
    replace(dist, &folder)
}

/// Names what loads the parts as the other files are named, where the glue imports it: what the module asks for
/// stays as it is.
fn name_loader(folder: &Path) -> anyhow::Result<()> {
    let glue = folder.join(PAGE).with_extension("js");
    let script = fs::read_to_string(&glue)?;
    let ours = [PAGE, OUR_LOADER].concat();
    let import = |name: &str| ["from \"./", name, "\""].concat();
    ensure!(script.contains(&import(LOADER)), "the glue does not import {LOADER}");
    fs::write(&glue, script.replace(&import(LOADER), &import(&ours)))?;
    Ok(fs::rename(folder.join(LOADER), folder.join(ours))?)
}

/// Puts the files of `folder` into `dist` in the place of Trunk's module and glue, under names with a hash of all
/// of them: only parts of one module fit together.
fn replace(dist: &Path, folder: &Path) -> anyhow::Result<()> {
    let index = dist.join("index.html");
    let mut html = fs::read_to_string(&index)?;
    let mut gone = 0;
    for name in names(dist)?.iter().filter(|name| name.starts_with(&format!("{PAGE}-"))) {
        let (_, rest) = name.split_at(name.find(['_', '.']).unwrap_or(name.len()));
        html = html.replace(name, &[PAGE, rest].concat());
        fs::remove_file(dist.join(name))?;
        gone += 1;
    }
    ensure!(gone == 2, "Trunk leaves a module and its glue, and not {gone} files of {PAGE}");
    fs::write(index, html)?;
    let mut files = Vec::new();
    for name in names(folder)? {
        fs::rename(folder.join(&name), dist.join(&name))?;
        let rest = ending(&name).with_context(|| format!("{name} is no file of a module in parts"))?;
        files.push((name, rest));
    }
    page::name_by_content(dist, PAGE, &files)
}

/// What stands after the hash in the name that a file of the page's module is given.
fn ending(name: &str) -> Option<String> {
    let part = || Some(["-", name.strip_prefix(PART)?].concat());
    let common = || Some(["-common-", name.strip_prefix(COMMON)?].concat());
    name.strip_prefix(PAGE).map(str::to_owned).or_else(part).or_else(common)
}

/// The name of the part that is in a file of the finished page, if it is one that is loaded later.
pub(crate) fn loaded_later(file: &str) -> Option<&str> {
    let (_, name) = file.strip_prefix(PAGE)?.strip_suffix(".wasm")?.strip_prefix('-')?.split_once('-')?;
    Some(name)
}

fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let files = fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))?;
    let mut names: Vec<_> = files.flatten().filter_map(|file| file.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_take_the_place_of_the_whole_under_names_that_all_of_them_know() {
        let root = tempfile();
        let (dist, folder) = (root.join("dist"), root.join("parts"));
        fs::create_dir_all(&dist).unwrap();
        fs::create_dir_all(&folder).unwrap();
        let whole = ["alleycat-app-0123_bg.wasm", "alleycat-app-0123.js", "alleycat-bike.js"];
        for name in whole {
            fs::write(dist.join(name), "whole").unwrap();
        }
        let html =
            r#"<script data-js="/alleycat-app-0123.js" data-wasm="/alleycat-app-0123_bg.wasm"></script>"#;
        fs::write(dist.join("index.html"), html).unwrap();
        fs::write(folder.join("alleycat-app_bg.wasm"), "main").unwrap();
        let glue = r#"from "./__wasm_split.js"; 'alleycat-app_bg.wasm' { "./__wasm_split.js": import1 }"#;
        fs::write(folder.join("alleycat-app.js"), glue).unwrap();
        let loader = r#"from "./alleycat-app.js"; "./split_rooms.wasm" "./chunk_1.wasm""#;
        fs::write(folder.join("__wasm_split.js"), loader).unwrap();
        fs::write(folder.join("split_rooms.wasm"), "rooms").unwrap();
        fs::write(folder.join("chunk_1.wasm"), "common").unwrap();
        name_loader(&folder).unwrap();
        replace(&dist, &folder).unwrap();

        let there = names(&dist).unwrap();
        let later: Vec<_> = there.iter().filter_map(|name| loaded_later(name)).collect();
        assert_eq!(later, ["common-1", "rooms"]);
        assert_eq!(there.len(), 7, "{there:?}");
        let said = |file: &str| {
            let text = fs::read_to_string(dist.join(file)).unwrap();
            there.iter().filter(|name| text.contains(name.as_str())).cloned().collect::<Vec<_>>()
        };
        let [common, glue, parts, rooms, module] = &ours(&there);
        assert_eq!(said("index.html"), [glue.clone(), module.clone()]);
        assert_eq!(said(glue), [module.clone(), parts.clone()]);
        assert!(fs::read_to_string(dist.join(glue)).unwrap().contains(r#""./__wasm_split.js": import1"#));
        assert_eq!(said(parts), [common.clone(), rooms.clone(), glue.clone()]);
        fs::remove_dir_all(root).unwrap();
    }

    /// The files of the page's module, in the order of their names.
    fn ours(names: &[String]) -> [String; 5] {
        let find = |what: &str| {
            let named = |name: &&String| name.starts_with(PAGE) && name[PAGE.len() + 17..] == *what;
            names.iter().find(named).unwrap_or_else(|| panic!("no {what}: {names:?}")).clone()
        };
        ["-common-1.wasm", ".js", "_parts.js", "-rooms.wasm", "_bg.wasm"].map(find)
    }

    fn tempfile() -> std::path::PathBuf {
        std::env::temp_dir().join(format!("alleycat-parts-{}", std::process::id()))
    }
}
