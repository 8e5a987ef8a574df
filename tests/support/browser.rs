//! A real browser: headless Chromium, told what to do by chromedriver.
//!
//! WebDriver is JSON over HTTP, so a dozen lines of HTTP are all the client that is needed.

#![allow(
    clippy::expect_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use blankline::wire::dissect_response;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{PATIENCE, connect, has_tool, now};

/// Chromium, by way of chromedriver; both end when it is dropped.
pub(crate) struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    _profile: TempDir,
    /// Two browsers at once would be slow on a small machine.
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Browser {
    /// `None` when there is no browser here, and there need not be one.
    pub(crate) fn start(test: &str) -> Option<Self> {
        if !has_tool(test, "chromium") || !has_tool(test, "chromedriver") {
            return None;
        }
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        // It takes a port for IPv4 and then the same for IPv6, which somebody else may have by then.
        let (driver, port) = (0..5)
            .find_map(|_| drive())
            .expect("chromedriver says its port");
        let mut browser = Self {
            driver,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            session: String::new(),
            _profile: tempfile::tempdir().unwrap(),
            _alone: alone,
        };
        let profile = format!("--user-data-dir={}", browser._profile.path().display());
        let flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--no-proxy-server",
            &profile,
        ];
        let wishes = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": flags },
        }}});
        let session = browser.ask("POST", "/session", Some(&wishes));
        session["sessionId"]
            .as_str()
            .unwrap()
            .clone_into(&mut browser.session);
        Some(browser)
    }

    /// A command of this session, with its arguments.
    pub(crate) fn command(&self, name: &str, arguments: &Value) -> Value {
        let path = format!("/session/{}/{name}", self.session);
        self.ask("POST", &path, Some(arguments))
    }

    /// Where the browser is now.
    pub(crate) fn url(&self) -> Value {
        self.ask("GET", &format!("/session/{}/url", self.session), None)
    }

    /// The text of the page.
    pub(crate) fn text(&self) -> String {
        self.script("return document.body.innerText")
    }

    /// What a script returns; a promise is waited for.
    pub(crate) fn run(&self, script: &str) -> Value {
        let script = json!({ "script": script, "args": [] });
        self.command("execute/sync", &script)
    }

    /// Waits until a script returns something that is true.
    pub(crate) fn wait(&self, script: &str) {
        let deadline = now() + PATIENCE;
        while self.run(script) != Value::Bool(true) {
            assert!(now() < deadline, "never: {script}\n{}", self.text());
        }
    }

    /// Presses and releases keys, one after the other.
    pub(crate) fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})))
            .collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.command("actions", &json!({ "actions": [keyboard] }));
    }

    /// Moves the mouse onto the first element that a CSS selector finds.
    pub(crate) fn hover(&self, selector: &str) {
        let wanted = json!({ "using": "css selector", "value": selector });
        let element = self.command("element", &wanted);
        let mouse = json!({
            "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" },
            "actions": [{ "type": "pointerMove", "duration": 0, "origin": element, "x": 0, "y": 0 }],
        });
        self.command("actions", &json!({ "actions": [mouse] }));
    }

    /// What a script returns, which is to be text.
    pub(crate) fn script(&self, script: &str) -> String {
        self.run(script).as_str().unwrap().to_owned()
    }

    fn element(&self, selector: &str) -> String {
        let wanted = json!({ "using": "css selector", "value": selector });
        let found = self.command("element", &wanted);
        let (_, id) = found.as_object().unwrap().iter().next().unwrap();
        id.as_str().unwrap().to_owned()
    }

    pub(crate) fn click(&self, selector: &str) {
        self.command(
            &format!("element/{}/click", self.element(selector)),
            &json!({}),
        );
    }

    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let keys = json!({ "text": text });
        self.command(&format!("element/{}/value", self.element(selector)), &keys);
    }

    /// Sends a request to chromedriver; its answer can be read next.
    fn send(&self, method: &str, path: &str, body: &str) -> io::Result<TcpStream> {
        let mut stream = connect(self.address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len(),
        )?;
        Ok(stream)
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = self.send(method, path, &body).unwrap();
        let mut answer = Vec::new();
        let mut piece = [0; 8192];
        let body = loop {
            let head = dissect_response(&answer);
            let length = head.field(b"Content-Length");
            let length: Option<usize> =
                length.map(|value| String::from_utf8_lossy(&value).parse().unwrap());
            let start = answer.windows(4).position(|four| four == b"\r\n\r\n");
            if let (Some(start), Some(length)) = (start, length)
                && let Some(body) = answer.get(start + 4..start + 4 + length)
            {
                break body;
            }
            let count = stream.read(&mut piece).unwrap();
            assert!(count > 0, "chromedriver hung up on {method} {path}");
            answer.extend_from_slice(&piece[..count]);
        };
        let value: Value = serde_json::from_slice(body).unwrap();
        assert!(
            value["value"]["error"].is_null(),
            "{method} {path}: {value}"
        );
        value["value"].clone()
    }
}

/// Starts chromedriver, which says its port.
fn drive() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(driver.stdout.take().unwrap());
    let port = stdout.lines().find_map(|line| {
        let line = line.unwrap();
        let rest = line.split_once("successfully on port ")?.1;
        rest.trim_end_matches('.').parse().ok()
    });
    if port.is_none() {
        driver.wait().unwrap();
    }
    Some((driver, port?))
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Deleting the session is what ends the browser, and its answer is when it has. A test that
        // fails must get here too, so no error is one.
        let path = format!("/session/{}", self.session);
        let _ended = self
            .send("DELETE", &path, "")
            .and_then(|mut answer| answer.read(&mut [0]));
        let _gone = self.driver.kill();
        let _gone = self.driver.wait();
    }
}
