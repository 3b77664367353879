//! A real Chromium without a window, driven by WebDriver: JSON over HTTP to `chromedriver`, spoken directly, since the
//! dozen commands that tests need are less than a client library brings along.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::http;
use crate::support::skip::missing;

/// What the slowest page may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// WebDriver's names of keys that are no letters.
pub const ENTER: &str = "\u{e007}";
pub const ESCAPE: &str = "\u{e00c}";
const CONTROL: &str = "\u{e009}";
/// The field under which WebDriver refers to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The driver; each `Tab` is a browser of its own, with its own cookies.
pub struct Driver {
    child: Child,
    address: String,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

/// A browser with one page.
pub struct Tab<'d> {
    driver: &'d Driver,
    session: String,
    base: String,
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    pub name: &'static str,
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

pub const LIGHT: View = View { name: "light", width: 1280, height: 720, dark: false };
pub const DARK: View = View { name: "dark", dark: true, ..LIGHT };
pub const TABLET: View = View { name: "tablet", width: 820, height: 1180, dark: false };
/// What 200 % zoom leaves of a window of 1280 × 720.
pub const ZOOMED: View = View { name: "zoomed", width: 640, height: 360, dark: false };

impl Driver {
    /// Starts it; `None`, with a message, where there is no Chromium.
    pub fn start() -> Option<Driver> {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else {
            missing("chromedriver (Debian's chromium and chromium-driver)");
            return None;
        };
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let address = format!("http://127.0.0.1:{}", port.expect("chromedriver says its port"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = http::client().build().unwrap();
        Some(Driver { child, address, runtime, client })
    }

    /// A new browser; paths are those of `base`.
    pub fn tab(&self, base: &str) -> Tab<'_> {
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--mute-audio",
            "--autoplay-policy=no-user-gesture-required",
            "--lang=en",
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let made = self.call("POST", "/session", Some(&wanted)).unwrap_or_else(|e| panic!("{e}"));
        let session = made["sessionId"].as_str().unwrap().to_owned();
        let tab = Tab { driver: self, session, base: base.to_owned() };
        tab.view(LIGHT);
        tab
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let url = format!("{}{path}", self.address);
        let mut builder = self.client.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            builder = builder.header("content-type", "application/json").body(body.to_string());
        }
        let text = self.runtime.block_on(async { builder.send().await?.text().await });
        let mut answer: Value = serde_json::from_str(&text.unwrap()).unwrap();
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{method} {path}: {error}: {}", value["message"])),
            None => Ok(value),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Tab<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let path = screenshots().join("failed.png");
            let shot = self.driver.call("GET", &self.path("/screenshot"), None);
            if let Ok(Value::String(shot)) = shot {
                let _ = std::fs::write(&path, STANDARD.decode(shot).unwrap());
            }
            println!("at {:?}; see {}", self.try_location(), path.display());
        }
        let _ = self.driver.call("DELETE", &format!("/session/{}", self.session), None);
    }
}

impl Tab<'_> {
    fn path(&self, rest: &str) -> String {
        format!("/session/{}{rest}", self.session)
    }

    #[track_caller]
    fn post(&self, rest: &str, body: &Value) -> Value {
        let said = self.driver.call("POST", &self.path(rest), Some(body));
        said.unwrap_or_else(|e| panic!("{e}"))
    }

    fn cdp(&self, cmd: &str, params: Value) {
        self.post("/goog/cdp/execute", &json!({ "cmd": cmd, "params": params }));
    }

    /// Gives the page another size, and light or dark.
    pub fn view(&self, view: View) {
        let View { width, height, dark, .. } = view;
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    #[track_caller]
    pub fn goto(&self, path: &str) {
        self.post("/url", &json!({ "url": format!("{}{path}", self.base) }));
    }

    /// Path and query of the page.
    #[track_caller]
    pub fn location(&self) -> String {
        self.try_location().unwrap()
    }

    fn try_location(&self) -> Result<String, String> {
        let url = self.driver.call("GET", &self.path("/url"), None)?;
        let url = url.as_str().unwrap_or_default();
        Ok(url.strip_prefix(&self.base).unwrap_or(url).to_owned())
    }

    /// Runs a script's body in the page and returns what it returns.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The same for a script that calls its last argument when it is done.
    #[track_caller]
    pub fn run_later(&self, script: &str) -> Value {
        self.post("/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// The text that the page shows of the first element that a selector finds.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let element = self.wait_for(selector);
        let path = self.path(&format!("/element/{element}/text"));
        self.driver.call("GET", &path, None).unwrap().as_str().unwrap().to_owned()
    }

    /// Whether there is such an element now.
    pub fn has(&self, selector: &str) -> bool {
        self.find(selector).is_some()
    }

    fn find(&self, selector: &str) -> Option<String> {
        let wanted = json!({ "using": "css selector", "value": selector });
        let found = self.driver.call("POST", &self.path("/element"), Some(&wanted)).ok()?;
        Some(found[ELEMENT].as_str()?.to_owned())
    }

    #[track_caller]
    fn wait_for(&self, selector: &str) -> String {
        let begun = Instant::now();
        loop {
            if let Some(found) = self.find(selector) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "no {selector} on {:?}", self.try_location());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks the page again and again until a script says something that is true.
    #[track_caller]
    pub fn until(&self, script: &str) -> Value {
        let begun = Instant::now();
        loop {
            let body = json!({ "script": format!("return {script}"), "args": [] });
            let said = self.driver.call("POST", &self.path("/execute/sync"), Some(&body));
            // A page that is being left answers nothing.
            let said = said.unwrap_or_default();
            if !matches!(said, Value::Null | Value::Bool(false)) {
                return said;
            }
            assert!(begun.elapsed() < PATIENCE, "never: {script}; on {:?}", self.try_location());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[track_caller]
    pub fn click(&self, selector: &str) {
        let element = self.wait_for(selector);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// Types into a field.
    #[track_caller]
    pub fn fill(&self, selector: &str, text: &str) {
        let element = self.wait_for(selector);
        self.post(&format!("/element/{element}/clear"), &json!({}));
        self.post(&format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Chooses a file in a field for files.
    #[track_caller]
    pub fn put_file(&self, selector: &str, file: &std::path::Path) {
        let element = self.wait_for(selector);
        let path = file.to_str().unwrap();
        self.post(&format!("/element/{element}/value"), &json!({ "text": path }));
    }

    /// Presses keys one after the other, wherever the focus is.
    #[track_caller]
    pub fn keys(&self, keys: &str) {
        let mut actions = Vec::new();
        for key in keys.chars() {
            for kind in ["keyDown", "keyUp"] {
                actions.push(json!({ "type": kind, "value": key.to_string() }));
            }
        }
        self.act(actions);
    }

    /// Presses a key while Control is held.
    #[track_caller]
    pub fn control(&self, key: &str) {
        let press = |kind: &str, key: &str| json!({ "type": kind, "value": key });
        self.act(vec![
            press("keyDown", CONTROL),
            press("keyDown", key),
            press("keyUp", key),
            press("keyUp", CONTROL),
        ]);
    }

    #[track_caller]
    fn act(&self, actions: Vec<Value>) {
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    /// Signs in.
    #[track_caller]
    pub fn sign_in(&self, name: &str, password: &str) {
        self.goto("/review/sign-in");
        self.fill("[name=name]", name);
        self.fill("[name=password]", password);
        self.keys(ENTER);
        self.until("location.pathname !== '/review/sign-in' && document.readyState === 'complete'");
    }

    /// Waits until what depends on size and colours is laid out anew, and colours have faded in.
    #[track_caller]
    pub fn settle(&self) {
        self.run_later(
            "const done = arguments[arguments.length - 1]; const next = (then) => requestAnimationFrame(() => requestAnimationFrame(then)); \
             next(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => next(() => done(true))))",
        );
    }

    pub fn screenshot(&self, name: &str) {
        let shot = self.driver.call("GET", &self.path("/screenshot"), None).unwrap();
        let bytes = STANDARD.decode(shot.as_str().unwrap()).unwrap();
        std::fs::write(screenshots().join(format!("{name}.png")), bytes).unwrap();
    }

    /// The page in every view, as files; it may not need scrolling sideways in any.
    #[track_caller]
    pub fn screenshots(&self, name: &str) {
        for view in [LIGHT, DARK, TABLET, ZOOMED] {
            self.view(view);
            self.settle();
            self.screenshot(&format!("{name}-{}", view.name));
            let wide = self.run("return document.documentElement.scrollWidth - innerWidth");
            assert!(wide.as_i64().unwrap() <= 0, "{name} is {wide} px too wide when {}", view.name);
        }
        self.view(LIGHT);
    }

    /// What the page complained of on its console.
    pub fn complaints(&self) -> Vec<String> {
        let body = json!({ "type": "browser" });
        let lines = self.driver.call("POST", &self.path("/se/log"), Some(&body)).unwrap();
        let lines = lines.as_array().unwrap().iter().filter(|line| line["level"] == "SEVERE");
        let lines = lines.map(|line| line["message"].as_str().unwrap().to_owned());
        // A status that the test has asked for is no complaint.
        lines.filter(|line| !line.contains("Failed to load resource")).collect()
    }
}

/// Where screenshots go.
pub fn screenshots() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
