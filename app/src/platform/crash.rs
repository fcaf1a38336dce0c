//! What the rider sees if the page breaks: a sentence and a way on, instead of frozen numbers.

/// Shows the element `#crash` of `index.html` when the program panics.
pub fn set_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        web_sys::console::error_2(&"the page broke at".into(), &place.into());
        let document = web_sys::window().and_then(|window| window.document());
        if let Some(element) = document.and_then(|document| document.get_element_by_id("crash")) {
            let _ = element.remove_attribute("hidden");
        }
    }));
}
