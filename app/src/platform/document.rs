//! What belongs to the document as a whole: its language, its colours, and the languages that its reader wishes.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement};

use crate::state::Theme;
use crate::words::Lang;

/// Says in which language the document is, for those who read it aloud and for hyphens and quotes.
pub fn speaks(lang: Lang) {
    if let Some(root) = root() {
        for (name, value) in [("lang", lang.tag()), ("dir", lang.direction())] {
            // These are names that every element takes.
            let _ = root.set_attribute(name, value);
        }
    }
    // What is said when nothing can be said any more has to be there before.
    for (id, words) in [("crash-what", lang.page_broke()), ("crash-way-on", lang.load_again())] {
        if let Some(element) = document().and_then(|document| document.get_element_by_id(id)) {
            element.set_text_content(Some(words));
        }
    }
}

/// Takes on a theme's colours.
pub fn wears(theme: Theme) {
    if let Some(root) = root() {
        let _ = match theme {
            Theme::System => root.remove_attribute("data-theme"),
            theme => root.set_attribute("data-theme", theme.name()),
        };
    }
}

/// Puts the keyboard's focus on the element of this id, if it is there.
pub fn focus(id: &str) {
    let element = document().and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // What can't have it goes without.
        let _ = element.focus();
    }
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn root() -> Option<Element> {
    document()?.document_element()
}

/// The languages that the reader wishes, the dearest first.
pub fn wishes() -> Vec<String> {
    let languages = web_sys::window().map(|window| window.navigator().languages());
    languages.iter().flat_map(js_sys::Array::iter).filter_map(|wish| wish.as_string()).collect()
}

/// What a `<meta name=…>` of the page says.
pub fn meta(name: &str) -> Option<String> {
    let element = document()?.query_selector(&["meta[name='", name, "']"].concat()).ok()??;
    element.get_attribute("content").filter(|content| !content.is_empty())
}

/// Whether a media query matches.
pub fn matches(query: &str) -> bool {
    let list = web_sys::window().and_then(|window| window.match_media(query).ok()?);
    list.is_some_and(|list| list.matches())
}
