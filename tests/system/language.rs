//! The settings in a real browser: a language, colours and sounds that last, by touch and by keyboard.

use std::time::Duration;

use alleycat_tests::{Browser, Programs, TABLET, free_port, until};
use anyhow::ensure;
use serde_json::json;

const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_language_and_colours_are_chosen_once_and_sounds_are_heard() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let port = free_port()?;
    let _hub = programs.hub(port, &["--open"]).await?;
    let browser = Browser::start().await?;
    let page = browser.open("tablet", TABLET, &format!("http://127.0.0.1:{port}/?racer=7")).await?;
    let root = async |name: &str| {
        page.evaluate(&format!("return document.documentElement.getAttribute('{name}')")).await
    };
    page.text_when("start", SOON, |text| text == "Start Race").await?;
    ensure!(root("lang").await? == "en", "the browser of the tests wishes English");
    // Counts what is made to sound.
    let count = "globalThis.tones = 0;
        const make = BaseAudioContext.prototype.createOscillator;
        BaseAudioContext.prototype.createOscillator = function () { tones += 1; return make.call(this); };";
    page.evaluate(count).await?;

    page.click("settings").await?;
    page.click("lang-de").await?;
    page.text_when("settings-done", SOON, |text| text == "Fertig").await?;
    page.text_when("start", SOON, |text| text == "Rennen starten").await?;
    page.click("theme-light").await?;
    page.click("sound-on").await?;
    page.click("try-sound").await?;
    until("a tone", SOON, async || Ok((page.evaluate("return tones").await? != json!(0)).then_some(())))
        .await?;
    page.pictures("settings").await?;

    // Escape closes it, and the focus is where it was.
    page.devtools(
        "Input.dispatchKeyEvent",
        &json!({ "type": "keyDown", "key": "Escape", "code": "Escape", "windowsVirtualKeyCode": 27 }),
    )
    .await?;
    until("the dialog is closed", SOON, async || {
        let closed = "return !document.querySelector('dialog')
            && document.activeElement.dataset.testid === 'settings'";
        Ok((page.evaluate(closed).await? == json!(true)).then_some(()))
    })
    .await?;

    page.evaluate("location.reload()").await?;
    page.text_when("start", SOON, |text| text == "Rennen starten").await?;
    ensure!((root("lang").await?, root("data-theme").await?) == (json!("de"), json!("light")), "it is kept");
    // The address goes before, for a kiosk.
    page.evaluate("location.search = '?racer=7&lang=en&theme=contrast'").await?;
    page.text_when("start", SOON, |text| text == "Start Race").await?;
    ensure!(root("data-theme").await? == "contrast");
    Ok(())
}
