//! What the documents cite is there: files, links, tests and other long names, variables, commands of `cargo xtask`. And
//! they are finished.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use crate::Cli;
use crate::shell::root;

/// What documents say of other programs.
const FOREIGN: &[&str] = &["proxy_set_header"];

/// Everything below a folder that is ours, by its path from the root.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_str().unwrap_or_default();
        if path.is_file() {
            found.push(path);
        } else if !name.starts_with('.') && !["target", "node_modules", "dist"].contains(&name) {
            files(&path, found);
        }
    }
}

fn words(text: &str, inside: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    text.split(move |letter| !inside(letter)).filter(|word| !word.is_empty())
}

fn is_name(word: &str) -> bool {
    let variable = word.strip_prefix("ALLEYCAT_").is_some_and(|rest| rest.len() > 1 && !rest.ends_with('_'));
    let plain =
        word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    variable || (plain && word.trim_matches('_').matches('_').count() >= 2)
}

/// The documents, and all other files.
fn documents_and_others(root: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut all = Vec::new();
    files(root, &mut all);
    all.into_iter().partition(|path| path.extension().is_some_and(|kind| kind == "md"))
}

/// Whether a line has a word in capitals between two at-signs: what was to be filled in.
fn is_to_be_filled_in(line: &str) -> bool {
    let capitals = |part: &str| !part.is_empty() && part.bytes().all(|letter| letter.is_ascii_uppercase());
    let parts: Vec<&str> = line.split('@').collect();
    parts.len() > 2 && parts[1..parts.len() - 1].iter().any(|part| capitals(part))
}

#[test]
fn documents_leave_nothing_to_be_filled_in() {
    assert!(is_to_be_filled_in("a @RESULT@") && !is_to_be_filled_in("ann@home, BEN@HOME, x@X-Y@"));
    let (documents, _) = documents_and_others(&root());
    let left = documents.iter().flat_map(|document| {
        let text = fs::read_to_string(document).unwrap();
        let lines = text.lines().filter(|line| is_to_be_filled_in(line));
        lines.map(|line| format!("{}: {line}", document.display())).collect::<Vec<_>>()
    });
    let left: Vec<_> = left.collect();
    assert!(left.is_empty(), "{}", left.join("\n"));
}

#[test]
fn what_documents_cite_is_there() {
    let root = root();
    let (documents, sources) = documents_and_others(&root);
    let sources: Vec<_> = sources.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    let in_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let is_known = |name: &str| sources.iter().any(|text| text.contains(name));
    let cli = Cli::command();
    let mut missing = Vec::new();
    let mut cited = 0;
    for document in documents {
        // What was decided, and what has changed, tells of what was.
        let told = document.strip_prefix(&root).unwrap();
        if told.starts_with("docs/decisions") || told == Path::new("CHANGELOG.md") {
            continue;
        }
        let text = fs::read_to_string(&document).unwrap();
        let here = document.parent().unwrap();
        let mut look = |what: &str, there: bool| {
            cited += 1;
            if !there {
                missing.push(format!("{}: {what}", told.display()));
            }
        };
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !link.is_empty() && !link.contains(':') {
                look(link, here.join(link).exists());
            }
        }
        // Between back-quotes, and between fences of them.
        for code in text.split('`').skip(1).step_by(2).filter(|code| !code.is_empty()) {
            code.split("cargo xtask ").skip(1).for_each(|rest| {
                let command = words(rest, |letter| letter.is_ascii_lowercase() || letter == '-').next();
                let command =
                    command.filter(|command| rest.starts_with(command) && !command.starts_with('-'));
                command.into_iter().for_each(|name| look(rest, cli.find_subcommand(name).is_some()));
            });
            words(code, in_name).filter(|word| is_name(word) && !FOREIGN.contains(word)).for_each(|name| {
                look(name, is_known(name));
            });
            for path in words(code, |letter| in_name(letter) || "/.-*".contains(letter)) {
                let first = path.split('/').next().filter(|first| path.len() > first.len() + 1);
                let ours = first.is_some_and(|first| *first != *"target" && root.join(first).is_dir());
                let path = path.trim_end_matches(['.', '/']);
                if ours && !path.contains('*') && !path.starts_with(['.', '/']) {
                    look(path, root.join(path).exists() || root.join(format!("{path}.rs")).exists());
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(cited > 400, "only {cited} things are looked for");
}
