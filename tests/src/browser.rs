//! A real Chromium, driven through chromedriver.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{Program, free_port, until};

/// Chromedriver and the pages opened through it.
#[derive(Debug)]
pub struct Browser {
    _driver: Program,
    url: String,
    chromium: PathBuf,
    profiles: TempDir,
}

/// One page in a browser of its own, so that pages share nothing.
#[derive(Clone, Debug)]
pub struct Page {
    client: Client,
    driver: String,
}

/// The size of the bike's tablet in CSS pixels.
pub const TABLET: (u32, u32) = (1280, 800);

impl Browser {
    /// Starts chromedriver.
    ///
    /// # Errors
    /// When it is not there or does not answer.
    pub async fn start() -> anyhow::Result<Self> {
        let program =
            |name: &str, usual: &str| std::env::var_os(name).map_or_else(|| usual.into(), PathBuf::from);
        let port = free_port()?;
        let mut command = Command::new(program("CHROMEDRIVER", "/usr/bin/chromedriver"));
        command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let driver = Program::start("chromedriver", &mut command)?;
        let url = format!("http://127.0.0.1:{port}");
        let status = format!("{url}/status");
        until("chromedriver answers", Duration::from_secs(20), async || {
            Ok(reqwest::get(&status).await.is_ok().then_some(()))
        })
        .await?;
        let chromium = program("CHROMIUM", "/usr/bin/chromium");
        Ok(Self { _driver: driver, url, chromium, profiles: tempfile::tempdir()? })
    }

    /// Opens a page of this size in CSS pixels.
    ///
    /// # Errors
    /// When the browser does not start or the page does not load.
    pub async fn open(&self, name: &str, size: (u32, u32), url: &str) -> anyhow::Result<Page> {
        let page = self.open_with(name, size, &[]).await?;
        page.client.goto(url).await.with_context(|| format!("{url} does not load"))?;
        Ok(page)
    }

    /// Opens an empty page with more of Chromium's switches.
    ///
    /// # Errors
    /// When the browser does not start.
    pub async fn open_with(&self, name: &str, size: (u32, u32), more: &[String]) -> anyhow::Result<Page> {
        let profile = self.profiles.path().join(name);
        let mut args = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-quic".to_owned(),
            format!("--user-data-dir={}", profile.display()),
        ];
        args.extend_from_slice(more);
        let options = json!({ "binary": self.chromium, "args": args });
        let capabilities = [("goog:chromeOptions".to_owned(), options)].into_iter().collect();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client =
            builder.capabilities(capabilities).connect(&self.url).await.context("no browser session")?;
        let page = Page { client, driver: self.url.clone() };
        page.resize(size).await?;
        Ok(page)
    }
}

impl Browser {
    /// Where the whole browser of the page of this name takes commands of the DevTools protocol.
    ///
    /// # Errors
    /// When it does not run.
    pub fn devtools_url(&self, name: &str) -> anyhow::Result<String> {
        let file = self.profiles.path().join(name).join("DevToolsActivePort");
        let text = std::fs::read_to_string(file).context("the browser does not say where it listens")?;
        let (port, path) = text.split_once('\n').context("a port and a path")?;
        Ok(format!("ws://127.0.0.1:{port}{}", path.trim()))
    }

    /// Kills the browser of the page of this name, as a power cut would. What it has on the disk stays for
    /// the next page of this name.
    pub fn kill(&self, name: &str) {
        kill_all(&self.profiles.path().join(name));
    }
}

impl Drop for Browser {
    /// A test that failed has left its pages open, and chromedriver does not take them along when it ends.
    fn drop(&mut self) {
        kill_all(self.profiles.path());
    }
}

/// Kills every process that has this path in its command line.
fn kill_all(path: &Path) {
    let ours = path.as_os_str().as_encoded_bytes();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes {
        let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let pid = process.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(pid) = pid.filter(|_| command.windows(ours.len()).any(|part| part == ours)) {
            _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

impl Page {
    /// Gives the page another size in CSS pixels, phones included.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn resize(&self, (width, height): (u32, u32)) -> anyhow::Result<()> {
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &params).await.map(drop)
    }

    /// Goes to an address.
    ///
    /// # Errors
    /// When it does not load.
    pub async fn go(&self, url: &str) -> anyhow::Result<()> {
        self.client.goto(url).await.with_context(|| format!("{url} does not load"))
    }

    /// Freezes the page as a browser does with one that is out of sight, or thaws it.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn freeze(&self, frozen: bool) -> anyhow::Result<()> {
        let state = if frozen { "frozen" } else { "active" };
        self.devtools("Page.setWebLifecycleState", &json!({ "state": state })).await.map(drop)
    }

    /// Sends a command of the DevTools protocol and returns its result.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn devtools(&self, command: &str, params: &Value) -> anyhow::Result<Value> {
        let session = self.client.session_id().await?.context("the session has ended")?;
        let url = format!("{}/session/{session}/goog/cdp/execute", self.driver);
        let body = json!({ "cmd": command, "params": params });
        let answer = reqwest::Client::new().post(url).json(&body).send().await?.error_for_status()?;
        Ok(answer.json::<Value>().await?["value"].take())
    }

    /// The text of the element with this `data-testid`, if it is there.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn text(&self, id: &str) -> anyhow::Result<Option<String>> {
        self.script(
            "const e = document.querySelector(arguments[0]); return e && (e.tagName === 'INPUT' ? e.value : e.textContent.trim())",
            id,
        )
        .await
    }

    /// An attribute of the element with this `data-testid`, if both are there.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn attribute(&self, id: &str, attribute: &str) -> anyhow::Result<Option<String>> {
        let script = format!(
            "const e = document.querySelector(arguments[0]); return e && e.getAttribute('{attribute}')"
        );
        self.script(&script, id).await
    }

    /// Waits until the element's text satisfies `good`, and returns it.
    ///
    /// # Errors
    /// When it does not within `limit`; the text says what was there instead.
    pub async fn text_when(
        &self,
        id: &str,
        limit: Duration,
        good: impl Fn(&str) -> bool,
    ) -> anyhow::Result<String> {
        let found = until(&format!("`{id}` on the page"), limit, async || {
            Ok(self.text(id).await?.filter(|text| good(text)))
        })
        .await;
        match found {
            Ok(text) => Ok(text),
            Err(error) => {
                Err(error.context(format!("`{id}` says {:?}\n{}", self.text(id).await?, self.seen().await?)))
            }
        }
    }

    /// Waits until the element's attribute satisfies `good`, and returns it.
    ///
    /// # Errors
    /// When it does not within `limit`.
    pub async fn attribute_when(
        &self,
        id: &str,
        attribute: &str,
        limit: Duration,
        good: impl Fn(&str) -> bool,
    ) -> anyhow::Result<String> {
        let found = until(&format!("{attribute} of `{id}`"), limit, async || {
            Ok(self.attribute(id, attribute).await?.filter(|value| good(value)))
        })
        .await;
        match found {
            Ok(value) => Ok(value),
            Err(error) => Err(error.context(format!(
                "it is {:?}\n{}",
                self.attribute(id, attribute).await?,
                self.seen().await?
            ))),
        }
    }

    /// Waits for the element and clicks it.
    ///
    /// # Errors
    /// When it does not come, or can't be clicked.
    pub async fn click(&self, id: &str) -> anyhow::Result<()> {
        let css = format!("[data-testid='{id}']");
        let element =
            self.client.wait().at_most(Duration::from_secs(15)).for_element(Locator::Css(&css)).await;
        match element {
            Ok(element) => Ok(element.click().await?),
            Err(error) => anyhow::bail!("no `{id}` to click ({error})\n{}", self.seen().await?),
        }
    }

    /// Runs a script that returns a value.
    ///
    /// # Errors
    /// When the script fails.
    pub async fn evaluate(&self, script: &str) -> anyhow::Result<Value> {
        Ok(self.client.execute(script, Vec::new()).await?)
    }

    /// Runs a script that calls its last argument with a value when it is done.
    ///
    /// # Errors
    /// When the script fails, or does not call in half a minute.
    pub async fn ask(&self, script: &str, args: Vec<Value>) -> anyhow::Result<Value> {
        Ok(self.client.execute_async(script, args).await?)
    }

    /// A picture of the page as it is now, a PNG.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn screenshot(&self) -> anyhow::Result<Vec<u8>> {
        Ok(self.client.screenshot().await?)
    }

    /// Keeps a picture of the page in the folder named by `ALLEYCAT_SCREENSHOTS`, if it is set.
    ///
    /// # Errors
    /// When there is no picture, or no place for it.
    pub async fn picture(&self, name: &str, size: (u32, u32)) -> anyhow::Result<()> {
        let Some(folder) = std::env::var_os("ALLEYCAT_SCREENSHOTS").map(PathBuf::from) else { return Ok(()) };
        self.resize(size).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let picture = self.client.screenshot().await?;
        std::fs::create_dir_all(&folder)?;
        Ok(std::fs::write(folder.join(format!("{name}-{}x{}.png", size.0, size.1)), picture)?)
    }

    /// Pictures of the page at the four sizes it is made for, if a folder for them is named.
    ///
    /// # Errors
    /// As [`Page::picture`].
    pub async fn pictures(&self, name: &str) -> anyhow::Result<()> {
        for size in [TABLET, (1024, 600), (1920, 1080), (390, 844)] {
            self.picture(name, size).await?;
        }
        if std::env::var_os("ALLEYCAT_SCREENSHOTS").is_some() { self.resize(TABLET).await } else { Ok(()) }
    }

    /// Closes the browser.
    ///
    /// # Errors
    /// When it is gone already.
    pub async fn close(self) -> anyhow::Result<()> {
        Ok(self.client.close().await?)
    }

    async fn script(&self, script: &str, id: &str) -> anyhow::Result<Option<String>> {
        let css = Value::String(format!("[data-testid='{id}']"));
        Ok(self.client.execute(script, vec![css]).await?.as_str().map(str::to_owned))
    }

    /// The page's text, for the report of a failure.
    async fn seen(&self) -> anyhow::Result<String> {
        let text = self.evaluate("return document.body.innerText").await?;
        Ok(format!("--- the page shows ---\n{}", text.as_str().unwrap_or_default()))
    }
}
