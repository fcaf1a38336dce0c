//! Makes one style sheet of the many that Trunk leaves: a browser asks for six files at a time, and shows nothing before it
//! has all of these.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::page;

/// Puts the sheets of the finished page's index into one file, in their order.
pub(crate) fn join(dist: &Path) -> anyhow::Result<()> {
    let index = dist.join("index.html");
    let html = fs::read_to_string(&index)?;
    let (mut joined, mut sheets) = (String::new(), String::new());
    let mut rest = html.as_str();
    while let Some(start) = rest.find("<link ") {
        let (before, link) = rest.split_at(start);
        let (link, after) = link.split_once('>').context("a link without an end")?;
        joined.push_str(before);
        rest = after;
        if let Some(name) = sheet(link) {
            if sheets.is_empty() {
                joined.extend(["<link href=/", SHEET, " rel=stylesheet>"]);
            }
            let file = dist.join(name);
            sheets += &fs::read_to_string(&file).with_context(|| format!("{name} can't be read"))?;
            fs::remove_file(&file)?;
        } else {
            joined.extend([link, ">"]);
        }
    }
    joined.push_str(rest);
    ensure!(!sheets.is_empty(), "the page has no style sheets");
    ensure!(!sheets.contains("@import"), "a sheet that imports others can't be joined");
    fs::write(index, joined)?;
    fs::write(dist.join(SHEET), sheets)?;
    page::name_by_content(dist, "style", &[(SHEET.to_owned(), ".css".to_owned())])
}

/// The file of a link to a style sheet of the page.
fn sheet(link: &str) -> Option<&str> {
    let attribute = |name: &str| {
        let words = link.split_ascii_whitespace();
        words
            .filter_map(|word| word.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.trim_matches('"'))
    };
    attribute("href").filter(|_| attribute("rel") == Some("stylesheet"))?.strip_prefix('/')
}

const SHEET: &str = "style.css";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_become_one_in_their_order_and_other_links_stay() {
        let dist = std::env::temp_dir().join(format!("alleycat-styles-{}", std::process::id()));
        fs::create_dir_all(&dist).unwrap();
        fs::write(dist.join("a-1.css"), "a{}").unwrap();
        fs::write(dist.join("b-2.css"), "b{}").unwrap();
        let html = "<head><link data-x=none href=/a-1.css rel=stylesheet><link rel=\"stylesheet\" href=\"/b-2.css\">\
                    <link href=/icon.svg rel=icon></head>";
        fs::write(dist.join("index.html"), html).unwrap();
        join(&dist).unwrap();
        let html = fs::read_to_string(dist.join("index.html")).unwrap();
        let name = html.split(['/', ' ']).find(|part| part.starts_with("style-")).unwrap();
        let rest = format!("<head><link href=/{name} rel=stylesheet><link href=/icon.svg rel=icon></head>");
        assert_eq!(html, rest);
        assert_eq!(fs::read_to_string(dist.join(name)).unwrap(), "a{}b{}");
        assert!(!dist.join("a-1.css").exists());
        assert!(join(&dist).is_ok() && dist.join(name).exists(), "once more is the same");
        fs::remove_dir_all(&dist).unwrap();
    }
}
