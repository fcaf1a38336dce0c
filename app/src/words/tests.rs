use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// What the file says: each word's key, and what it is in each language.
fn file() -> Vec<(&'static str, BTreeMap<&'static str, &'static str>)> {
    let mut words: Vec<(&str, BTreeMap<&str, &str>)> = Vec::new();
    for line in include_str!("../../words.lrc").lines().map(str::trim) {
        if let Some(key) = line.strip_prefix('#') {
            words.push((key, BTreeMap::new()));
        } else if let (Some((_, said)), false) = (words.last_mut(), line.is_empty() || line.starts_with(';'))
        {
            let (lang, text) = line.split_once(' ').unwrap_or((line, ""));
            said.insert(lang, text.trim());
        }
    }
    words
}

/// The source of the page.
fn source() -> String {
    fn read(path: &std::path::Path, into: &mut String) {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, into);
            } else {
                into.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut source = String::new();
    read(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
    source
}

#[test]
fn every_word_is_said_somewhere() {
    let source = source();
    let said = |key: &str| {
        [format!(".{key}("), format!("Lang::{key}")].iter().any(|call| source.contains(call.as_str()))
    };
    let unsaid: Vec<_> = file().into_iter().map(|(key, _)| key).filter(|key| !said(key)).collect();
    assert_eq!(unsaid, [""; 0]);
}

/// The names of what is filled in.
fn blanks(text: &str) -> BTreeSet<&str> {
    text.split("%{").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn every_word_is_there_in_every_language_with_the_same_blanks() {
    let words = file();
    assert!(words.len() > 5, "the file is read");
    for (key, said) in &words {
        assert!(
            said.keys().copied().eq(Lang::ALL.map(Lang::tag).into_iter().collect::<BTreeSet<_>>()),
            "{key}: {said:?}"
        );
        for (lang, text) in said {
            assert!(!text.is_empty(), "{key} is empty in {lang}");
            assert_eq!(blanks(text), blanks(said["en"]), "{key} in {lang}");
        }
    }
}

#[test]
fn a_wish_is_met_by_its_language_whatever_the_country() {
    let table: [(&[&str], Option<Lang>); 6] = [
        (&["de-AT", "en"], Some(Lang::De)),
        (&["DE"], Some(Lang::De)),
        (&["fr-FR", "en-GB", "de"], Some(Lang::En)),
        (&["fr"], None),
        (&["den", ""], None),
        (&[], None),
    ];
    for (wishes, lang) in table {
        assert_eq!(Lang::wished(wishes.iter().copied()), lang, "{wishes:?}");
    }
}
