//! A test that reads the page's source and finds words that are written where they are shown, in English only.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// Attributes that are read out or shown.
const SPOKEN: [&str; 8] =
    ["aria-label", "title", "placeholder", "alt", "label", "name", "own", "aria-roledescription"];
/// What is the same in every language, or no word: the product, file formats, signs on keys, names of keys and of what
/// HTTP and browsers have.
const SAME: &[&str] = &[
    "Alleycat",
    "FIT",
    "TCX",
    "CSV",
    "C",
    "Escape",
    "Enter",
    "Home",
    "End",
    "ArrowDown",
    "ArrowUp",
    "PageDown",
    "PageUp",
    "KeyS",
    "Bearer ",
    "class",
    "lang",
];
/// What is called with words for programmers, or with a selector.
const SILENT: [&str; 4] = ["expect", "expect_throw", "error_2", "closest"];
/// Names of radio buttons' groups and of form fields, which nobody reads.
const INNER: [&str; 2] = ["theme", "sound"];

#[test]
fn no_word_of_the_page_is_written_where_it_is_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut files = 0;
    for part in ["app.rs", "views", "components", "state", "net", "platform"] {
        for file in sources(&root.join(part)) {
            let text = fs::read_to_string(&file).unwrap();
            // Tests say what they expect, in English.
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let words = literals(text);
            found.extend(words.into_iter().map(|word| format!("{}: {word:?}", file.display())));
            files += 1;
        }
    }
    assert!(files > 40, "the source is read");
    assert!(found.is_empty(), "these belong into words.lrc:\n{}", found.join("\n"));
}

#[test]
fn literals_are_found_where_they_are_shown_and_nowhere_else() {
    let table = [
        (r#"view! { <p class="big red">"Go now"</p> }"#, vec!["Go now"]),
        (r#"view! { <p>{x} " left"</p> }"#, vec![" left"]),
        (r#"view! { <p aria-label="stop">{x}</p> }"#, vec!["stop"]),
        (r#"view! { <p data-testid="Stop Button" aria-label=words.stop()>" · "</p> }"#, vec!["Stop Button"]),
        (r#"view! { <p data-state="live"><b>"Alleycat"</b></p> }"#, vec![]),
        (r#"match x { A => "live", B => "Bike live", C => "no news" }"#, vec!["Bike live", "no news"]),
        (
            r#"/// "Go now"
            //! Go now
            fn f() { x.expect("There is one"); g("Going", "by the way"); }"#,
            vec!["Going", "by the way"],
        ),
        (
            r##"#[expect(dead_code, reason = "Because it is")] const A: &str = "<path d='M7 5l12 8'/>";"##,
            vec![],
        ),
    ];
    for (source, expected) in table {
        assert_eq!(literals(source), expected, "{source}");
    }
}

fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|entry| sources(&entry)).collect();
    }
    let name = path.file_name().unwrap().to_string_lossy();
    let is_source = name.ends_with(".rs") && !name.ends_with("tests.rs");
    is_source.then(|| path.to_owned()).into_iter().collect()
}

/// The words in a piece of source.
fn literals(source: &str) -> Vec<String> {
    let tokens: TokenStream = source.parse().expect("the page compiles, so it has tokens");
    let mut found = Vec::new();
    walk(tokens, &mut found);
    found
}

fn walk(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if !is_silent(&tokens[..at]) => walk(group.stream(), found),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let Some(text) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
                    continue;
                };
                if is_word(text, &tokens[..at]) {
                    found.push(text.to_owned());
                }
            }
            _ => {}
        }
    }
}

/// Attributes of Rust, doc comments among them, and what is said to programmers.
fn is_silent(before: &[TokenTree]) -> bool {
    let mark =
        |token: &TokenTree, mark: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark);
    match before {
        [.., hash, bang] if mark(hash, '#') && mark(bang, '!') => true,
        [.., TokenTree::Ident(name), bang] if mark(bang, '!') => name == "unreachable",
        [.., TokenTree::Ident(name)] => SILENT.iter().any(|silent| name == silent),
        [.., hash] => mark(hash, '#'),
        [] => false,
    }
}

fn is_word(text: &str, before: &[TokenTree]) -> bool {
    let letters = text.chars().any(char::is_alphabetic);
    // Pictures, addresses, and questions of style.
    let inner = text.contains(['<', '=']) || text.starts_with(['/', '(']);
    if !letters || inner || SAME.contains(&text) || INNER.contains(&text) {
        return false;
    }
    match before {
        // An arm of a match, or the value of a binding: a name for machines, unless it looks like a word.
        [.., TokenTree::Punct(first), TokenTree::Punct(second)]
            if (first.as_char(), second.as_char()) == ('=', '>') =>
        {
            looks_like_words(text)
        }
        [.., TokenTree::Punct(mark)] if mark.as_char() == '=' => {
            SPOKEN.contains(&attribute(&before[..before.len() - 1]).as_str()) || has_capital(text)
        }
        // After the end of a tag, a block or another literal: text of the page.
        [.., TokenTree::Punct(mark)] if mark.as_char() == '>' => true,
        [.., TokenTree::Group(_) | TokenTree::Literal(_)] => true,
        _ => looks_like_words(text),
    }
}

/// The name before an equals sign: `aria-label`.
fn attribute(before: &[TokenTree]) -> String {
    let mut name = Vec::new();
    for token in before.iter().rev() {
        match token {
            TokenTree::Ident(part) if name.last().is_none_or(|last| last == "-") => {
                name.push(part.to_string())
            }
            TokenTree::Punct(mark) if mark.as_char() == '-' => name.push("-".to_owned()),
            _ => break,
        }
    }
    name.reverse();
    name.concat()
}

fn looks_like_words(text: &str) -> bool {
    let letters: Vec<bool> = text.chars().map(char::is_alphabetic).collect();
    let spaced = text.trim().contains(' ') && letters.windows(3).any(|three| three == [true, true, true]);
    has_capital(text) || spaced
}

/// A word that begins with a capital letter and goes on with a small one: `requestFullscreen` does not.
fn has_capital(text: &str) -> bool {
    let begins = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase)
    };
    text.split(|c: char| !c.is_alphabetic()).any(begins)
}
