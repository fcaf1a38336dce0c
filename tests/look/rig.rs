//! The gallery in a browser.

use std::path::PathBuf;
use std::time::Duration;

use alleycat_tests::{Browser, Page, Program, Programs, TABLET, free_port, until};
use anyhow::Context;
use serde_json::{Value, json};

/// The sizes that the page is made for, in CSS pixels.
pub(crate) const SIZES: [(u32, u32); 4] = [TABLET, (1024, 600), (1920, 1080), (390, 844)];

/// The gallery, open, and what keeps it so.
pub(crate) struct Gallery {
    pub(crate) page: Page,
    /// All screens: name, and whether it stands for its view.
    pub(crate) screens: Vec<(String, bool)>,
    _browser: Browser,
    _server: Program,
}

impl Gallery {
    /// Opens it for somebody in Greenwich who wants no motion.
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let mut programs = Programs::from_env()?;
        let built = std::env::var_os("ALLEYCAT_GALLERY").map(PathBuf::from);
        programs.page = built.context("ALLEYCAT_GALLERY is not set: run `cargo xtask test --only system`")?;
        let port = free_port()?;
        let server = programs.hub(port, &["--open"]).await?;
        let browser = Browser::start().await?;
        let page = browser.open("gallery", TABLET, &format!("http://127.0.0.1:{port}/")).await?;
        page.devtools("Emulation.setTimezoneOverride", &json!({ "timezoneId": "UTC" })).await?;
        page.devtools("Emulation.setLocaleOverride", &json!({ "locale": "en-GB" })).await?;
        page.devtools("Emulation.setFocusEmulationEnabled", &json!({ "enabled": true })).await?;
        let still = json!([{ "name": "prefers-reduced-motion", "value": "reduce" }]);
        page.devtools("Emulation.setEmulatedMedia", &json!({ "features": still })).await?;
        let list = "return [...document.querySelectorAll('[data-screen]')].map(e => [e.dataset.screen, e.dataset.main === 'true'])";
        let screens = until("the gallery is there", Duration::from_secs(60), async || {
            let screens: Vec<(String, bool)> = serde_json::from_value(page.evaluate(list).await?)?;
            Ok(Some(screens).filter(|screens| !screens.is_empty()))
        })
        .await?;
        Ok(Self { page, screens, _browser: browser, _server: server })
    }

    /// Shows a screen: `screen=racing&theme=light`.
    pub(crate) async fn show(&self, query: &str) -> anyhow::Result<()> {
        let show = "const [query, done] = arguments;
            history.replaceState(null, '', '?' + query);
            delete document.body.dataset.shown;
            dispatchEvent(new PopStateEvent('popstate'));
            const seen = () => document.body.dataset.shown === undefined
                ? setTimeout(seen, 5)
                : document.fonts.ready.then(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))));
            seen();";
        let shown = self.page.ask(show, vec![json!(query)]).await;
        shown.map(drop).with_context(|| format!("{query} can't be shown"))
    }

    /// What a script finds on the screen: a list of faults.
    pub(crate) async fn faults(&self, script: &str, args: Vec<Value>) -> anyhow::Result<Vec<String>> {
        Ok(serde_json::from_value(self.page.ask(script, args).await?)?)
    }
}
