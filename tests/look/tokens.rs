//! The design's tokens: contrast by formula, one file for all colours. No browser is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Tokens = BTreeMap<String, String>;

fn app() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../app")
}

/// The page's style sheets and the gallery's, without comments.
fn sheets() -> Vec<(String, String)> {
    let styles = std::fs::read_dir(app().join("style")).unwrap().map(|entry| entry.unwrap().path());
    let all = styles.chain([app().join("gallery/gallery.css")]);
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, without_comments(&std::fs::read_to_string(path).unwrap()))
    };
    all.map(read).collect()
}

fn without_comments(css: &str) -> String {
    let mut parts = css.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |code, part| code + part.split_once("*/").map_or("", |(_, after)| after))
}

fn tokens_css() -> String {
    sheets().into_iter().find(|(name, _)| name == "tokens.css").expect("the file of tokens").1
}

/// The declarations of the rule that begins with this, up to its first closing brace.
fn rule(css: &str, head: &str) -> Tokens {
    let (_, after) = css.split_once(head).unwrap_or_else(|| panic!("no rule `{head}`"));
    let (body, _) = after.split_once('}').expect("it ends");
    let declared = body.split(';').filter_map(|line| line.split_once(':'));
    declared.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// The three themes with all their tokens.
fn themes() -> [(&'static str, Tokens); 3] {
    let css = tokens_css();
    let dark = rule(&css, ":root {");
    let over = |name: &str| {
        let mut theme = dark.clone();
        theme.extend(rule(&css, &format!(":root[data-theme=\"{name}\"] {{")));
        theme
    };
    let (light, contrast) = (over("light"), over("contrast"));
    [("dark", dark), ("light", light), ("contrast", contrast)]
}

/// Red, green and blue from 0 to 1, of `#abc`, `#abcdef`; an alpha is left out.
fn channels(colour: &str) -> [f64; 3] {
    let hex = colour.strip_prefix('#').unwrap_or_else(|| panic!("`{colour}` is no plain colour"));
    let digit = |at: usize| f64::from(u8::from_str_radix(&hex[at..=at], 16).unwrap());
    match hex.len() {
        3 => [0, 1, 2].map(|at| digit(at) * 17.0 / 255.0),
        _ => [0, 2, 4].map(|at| (digit(at) * 16.0 + digit(at + 1)) / 255.0),
    }
}

/// The contrast ratio of WCAG 2.2: <https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>.
fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |colour: &str| {
        let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        let [r, g, b] = channels(colour).map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn the_formula_is_that_of_wcag() {
    assert!((contrast("#000", "#ffffff") - 21.0).abs() < 1e-9);
    assert!((contrast("#777777", "#fff") - 4.478).abs() < 1e-3);
}

#[test]
fn words_and_edges_stand_out_in_every_theme() {
    let surfaces = ["bg", "bg-glow", "tile", "tile-2", "tile-hero"];
    let words = [
        "text",
        "muted",
        "accent-ink",
        "good",
        "warn",
        "bad",
        "sky",
        "output",
        "cadence",
        "resistance",
        "score",
        "heart",
    ];
    let on_surfaces = words.iter().flat_map(|word| surfaces.map(|surface| (*word, surface, 4.5)));
    let edges = ["edge", "focus"].into_iter().flat_map(|edge| surfaces.map(|surface| (edge, surface, 3.0)));
    let fills = [
        ("on-accent", "accent"),
        ("on-accent", "accent-top"),
        ("accent", "on-accent"),
        ("text", "accent-soft"),
        ("muted", "accent-soft"),
        ("accent-ink", "accent-soft"),
        ("text", "bad-soft"),
        ("muted", "bad-soft"),
        ("text", "hold"),
        ("on-medal", "gold"),
        ("on-medal", "silver"),
        ("on-medal", "bronze"),
    ];
    let classes = (1..=6).map(|class| ("on-class".to_owned(), format!("class-{class}"), 4.5));
    let own = |(front, back, least): (&str, &str, f64)| (front.to_owned(), back.to_owned(), least);
    let pairs: Vec<_> =
        on_surfaces.chain(edges).chain(fills.map(|(a, b)| (a, b, 4.5))).map(own).chain(classes).collect();
    for (theme, tokens) in themes() {
        let value = |name: &str| &tokens[&format!("--{name}")];
        // What calls itself high contrast is AAA.
        let factor = if theme == "contrast" { 7.0 / 4.5 } else { 1.0 };
        for (front, back, least) in &pairs {
            let ratio = contrast(value(front), value(back));
            assert!(ratio >= least * factor, "{theme}: {front} on {back} is {ratio:.2} to 1");
        }
    }
}

#[test]
fn a_theme_that_the_device_wants_is_the_one_that_can_be_set() {
    let css = tokens_css();
    for (theme, wish) in
        [("light", "(prefers-color-scheme: light)"), ("contrast", "(prefers-contrast: more)")]
    {
        let set = rule(&css, &format!(":root[data-theme=\"{theme}\"] {{"));
        let (_, wished) = css.split_once(&format!("@media {wish}")).expect("a rule for the device's wish");
        assert_eq!(rule(wished, ":root:not([data-theme]) {"), set, "{theme}");
    }
}

#[test]
fn nothing_moves_for_those_who_want_no_motion() {
    let css = tokens_css();
    let times: BTreeSet<_> = rule(&css, ":root {")
        .into_iter()
        .filter(|(_, value)| {
            value.ends_with("ms") || value.strip_suffix('s').is_some_and(|n| n.parse::<f64>().is_ok())
        })
        .map(|(name, _)| name)
        .collect();
    let (_, still) = css.split_once("@media (prefers-reduced-motion: reduce)").expect("a rule for them");
    let still = rule(still, ":root {");
    assert!(still.values().all(|value| value == "0s"), "{still:?}");
    assert_eq!(still.into_keys().collect::<BTreeSet<_>>(), times);
}

#[test]
fn colours_and_sizes_of_type_are_said_in_one_file() {
    for (name, css) in sheets().into_iter().filter(|(name, _)| name != "tokens.css") {
        for line in css.lines().map(str::trim) {
            let Some((property, value)) = line.strip_suffix(';').and_then(|line| line.split_once(": "))
            else {
                continue;
            };
            let raw = value.split(|c: char| !(c.is_alphanumeric() || c == '#')).any(is_colour);
            assert!(!raw, "{name}: a colour of its own: {line}");
            if property == "font-size" {
                // Relative to what is around it, or to the screen or tile as a whole.
                let relative = value.ends_with("em") && !value.ends_with("rem") || value.contains('(');
                assert!(relative, "{name}: a size of its own: {line}");
            }
        }
    }
}

fn is_colour(word: &str) -> bool {
    let hex = word
        .strip_prefix('#')
        .is_some_and(|hex| matches!(hex.len(), 3 | 4 | 6 | 8) && hex.chars().all(|c| c.is_ascii_hexdigit()));
    let named = [
        "rgb", "rgba", "hsl", "hsla", "oklch", "lab", "lch", "white", "black", "red", "green", "blue",
        "yellow", "orange", "gray", "grey",
    ];
    hex || named.contains(&word)
}

#[test]
fn every_token_that_is_used_is_there() {
    let all = sheets();
    let said: BTreeSet<&str> = all
        .iter()
        .flat_map(|(_, css)| css.split(['{', ';', '}']))
        .filter_map(|part| part.trim().strip_prefix("--")?.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    // Set by components, with the value that the style then draws.
    let sources = components(&app().join("src"));
    let from_components: BTreeSet<&str> =
        sources.split("\"--").skip(1).filter_map(|part| part.split('"').next()).collect();
    for (name, css) in &all {
        for used in css.split("var(--").skip(1) {
            let token = used.split([')', ',']).next().unwrap_or_default().trim();
            assert!(
                said.contains(token) || from_components.contains(token),
                "{name}: nobody says what --{token} is"
            );
        }
    }
}

/// All of the page's code below a folder.
fn components(folder: &Path) -> String {
    let inside = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    inside
        .map(|path| if path.is_dir() { components(&path) } else { std::fs::read_to_string(path).unwrap() })
        .collect()
}
