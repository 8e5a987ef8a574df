//! Stores of sessions that are other people's programs: a Redis server of a test's own, and Django itself.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use serde_json::Value;
use tempfile::TempDir;

use super::{PATIENCE, has_tool};

/// A Redis server of a test's own, killed when it is dropped.
pub(crate) struct RedisServer {
    child: Child,
    folder: TempDir,
}

impl RedisServer {
    /// Starts one, and waits until it is ready.
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let child = Self::spawn(folder.path());
        let mut server = Self { child, folder };
        server.wait_until_it_is_ready();
        server
    }

    fn spawn(folder: &Path) -> Child {
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(folder)
            .arg("--unixsocket")
            .arg(folder.join("redis.sock"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// It says so itself.
    fn wait_until_it_is_ready(&mut self) {
        let stdout = BufReader::new(self.child.stdout.take().unwrap());
        let (said, hears) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Nobody waits for the later ones.
                let _nobody = said.send(line);
            }
        });
        let is_ready = |line: &str| line.contains("eady to accept connections");
        while !is_ready(&hears.recv_timeout(PATIENCE).unwrap()) {}
    }

    /// Kills it; what it kept is gone.
    pub(crate) fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it at the same place, empty.
    pub(crate) fn start_again(&mut self) {
        self.child = Self::spawn(self.folder.path());
        self.wait_until_it_is_ready();
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}/redis.sock", self.folder.path().display())
    }

    /// Sends a command past the engine.
    pub(crate) fn tell(&self, words: &[&str]) -> ::redis::Value {
        let client = ::redis::Client::open(self.url()).unwrap();
        let mut command = ::redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command
            .query(&mut client.get_connection().unwrap())
            .unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// What Django itself does with a list of commands on one engine.
pub(crate) fn django(engine: &str, folder: &Path, commands: &Value) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(root.join(PYTHON))
        .arg(root.join("tests/sessions/peer.py"))
        .arg(engine)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(commands.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The Python that `tests/run` gave a Django.
const PYTHON: &str = "target/django-4.2/bin/python";

/// Whether Django is here. A whole path is looked for there, wherever PATH leads.
pub(crate) fn has_django(test: &str) -> bool {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(PYTHON);
    has_tool(test, python.to_str().unwrap())
}
