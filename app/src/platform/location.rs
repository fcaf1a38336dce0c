//! The page's address.

use web_sys::UrlSearchParams;

/// A value of the address's query: `?racer=7`.
pub fn query(name: &str) -> Option<String> {
    let search = web_sys::window()?.location().search().ok()?;
    UrlSearchParams::new_with_str(&search).ok()?.get(name)
}

/// The full address of a WebSocket: a path is on the page's own host.
pub fn socket_url(url: &str) -> String {
    if !url.starts_with('/') {
        return url.to_owned();
    }
    let Some(location) = web_sys::window().map(|window| window.location()) else { return url.to_owned() };
    let scheme = match location.protocol() {
        Ok(protocol) if protocol == "https:" => "wss://",
        _ => "ws://",
    };
    [scheme, &location.host().unwrap_or_default(), url].concat()
}
