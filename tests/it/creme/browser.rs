//! A small WebDriver client: drives headless Chromium through chromedriver.
//!
//! Waiting is left to chromedriver, whose implicit wait returns as soon as an element is there, so
//! that no test sleeps.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::exchange;
use super::stage::Way;

/// How long chromedriver looks for an element before it says that there is none.
const FIND_WAIT_MS: u64 = 60_000;
/// The key under which WebDriver hands out elements; fixed by its standard.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long the CRM's scripts may take until they ask for a map.
const MAP_WAIT: Duration = Duration::from_secs(60);

/// A browser with one window; it closes when this is dropped.
#[derive(Debug)]
pub struct Browser {
    address: SocketAddr,
    session: String,
    driver: Child,
    maps: Receiver<()>,
}

/// What the browser itself wrote down.
#[derive(Debug, Default)]
pub struct Complaints {
    /// Uncaught errors and `console.error` of scripts, with addresses and positions taken out, so that two
    /// runs can be compared.
    pub scripts: Vec<String>,
    /// What the page's policy forbade.
    pub forbidden: Vec<String>,
}

impl Browser {
    /// Whether Chromium and chromedriver are there.
    pub fn installed() -> bool {
        let there =
            |name: &str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
        there("chromedriver") && there("chromium")
    }

    /// Opens a browser that reaches loopback alone. Where the CRM's pages ask a public map service, it asks
    /// somebody here, who notes that and answers nothing.
    pub fn open() -> Browser {
        let (service, maps) = map_service();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let port = announced_port(&mut driver);
        let address = (Ipv4Addr::LOCALHOST, port).into();
        let mut browser = Browser { address, session: String::new(), driver, maps };
        let hosts = format!("MAP *.openstreetmap.org {service}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1");
        let resolver = format!("--host-resolver-rules={hosts}");
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--lang=en",
            "--window-size=1400,1000",
            resolver.as_str(),
        ];
        let wish = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            // The authority is the test's own, and no browser knows it.
            "acceptInsecureCerts": true,
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "implicit": FIND_WAIT_MS, "pageLoad": 120_000, "script": 60_000 },
        } } });
        let opened = browser.call("POST", "/session", &wish);
        opened["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        browser
    }

    /// Opens a page and waits until it has loaded.
    pub fn go(&self, url: &str) {
        self.command("url", &json!({ "url": url }));
    }

    /// Waits for an element and gives its handle.
    pub fn find(&self, css: &str) -> String {
        let found = self.command("element", &json!({ "using": "css selector", "value": css }));
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("no element `{css}`")).to_owned()
    }

    /// Clicks an element once it is there, as a script does: on a busy machine a page may still move
    /// under a pointer.
    pub fn click(&self, css: &str) {
        let element = self.find(css);
        let click = json!({ "script": "arguments[0].click()", "args": [{ ELEMENT: element }] });
        self.command("execute/sync", &click);
    }

    /// Clicks an element as a person does, with a pointer: the browser knows that somebody acted.
    pub fn press(&self, css: &str) {
        let element = self.find(css);
        self.command(&format!("element/{element}/click"), &json!({}));
    }

    /// Types into an element.
    pub fn fill(&self, css: &str, text: &str) {
        let element = self.find(css);
        self.command(&format!("element/{element}/value"), &json!({ "text": text }));
    }

    /// Runs a script that returns something.
    pub fn run(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until the page's scripts have got what they asked the server for, so that what they
    /// complain about does not depend on who was faster.
    pub fn settle(&self) {
        let script = "const done = arguments[0];\n\
            const look = () => window.jQuery && jQuery.active ? setTimeout(look, 20) : done(true);\n\
            look();";
        self.command("execute/async", &json!({ "script": script, "args": [] }));
    }

    /// The page as it stands after its scripts ran.
    pub fn page(&self) -> String {
        self.run("return document.documentElement.outerHTML").as_str().unwrap_or_default().to_owned()
    }

    /// What was complained about since the last call.
    pub fn complaints(&self) -> Complaints {
        let entries = self.command("se/log", &json!({ "type": "browser" }));
        let mut all = Complaints::default();
        for entry in entries.as_array().into_iter().flatten() {
            let message = entry["message"].as_str().unwrap_or_default();
            match entry["source"].as_str() {
                Some("security") => all.forbidden.push(message.to_owned()),
                Some("javascript" | "console-api") if entry["level"] == "SEVERE" => {
                    all.scripts.push(without_place(message));
                }
                _ => {}
            }
        }
        all
    }

    /// The same, once the page's policy has forbidden it to ask for a map.
    pub fn complaints_of_a_forbidden_map(&self) -> Complaints {
        let give_up = Instant::now() + MAP_WAIT;
        let mut all = Complaints::default();
        while !all.forbidden.iter().any(|what| what.contains("openstreetmap")) {
            assert!(Instant::now() < give_up, "nothing forbids the map: {:?}", all.forbidden);
            let Complaints { scripts, forbidden } = self.complaints();
            all.scripts.extend(scripts);
            all.forbidden.extend(forbidden);
        }
        all
    }

    /// Waits until the page asks for a map.
    pub fn await_map(&self) {
        self.maps.recv_timeout(MAP_WAIT).expect("the CRM's own page asks for a map");
    }

    /// Whether the page has asked for a map, but for what was waited for.
    pub fn asked_for_a_map(&self) -> bool {
        self.maps.try_recv().is_ok()
    }

    fn command(&self, name: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}/{name}", self.session), body)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let answer = exchange(&Way::Plain, self.address, head.as_bytes(), body.as_bytes());
        let mut answered: Value = serde_json::from_slice(&answer.body).expect("chromedriver answers in JSON");
        let value = answered["value"].take();
        assert_eq!(answer.status, 200, "{path}: {}", value["message"]);
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Killing chromedriver alone would leave its browser behind. No fault is told here: it would
        // hide the failure that brought us here.
        if let Ok(mut stream) = TcpStream::connect(self.address) {
            let close = format!("DELETE /session/{} HTTP/1.1\r\nHost: {}\r\n\r\n", self.session, self.address);
            let asked = stream.write_all(close.as_bytes());
            let _ = asked.and_then(|()| stream.read(&mut [0; 1024]));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Somebody in the place of the map service, and what tells of each connection to it.
fn map_service() -> (SocketAddr, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for _ in listener.incoming().map_while(Result::ok) {
            if tell.send(()).is_err() {
                return;
            }
        }
    });
    (address, told)
}

/// chromedriver chooses a free port and says which in its first lines.
fn announced_port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines();
    let port = lines.find_map(|line| {
        let line = line.ok()?;
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // The rest of what it prints is read, so that it never waits for somebody to do so.
    std::thread::spawn(move || lines.for_each(drop));
    port.expect("chromedriver announces its port")
}

/// `http://127.0.0.1:8101/persons/contact/13 55:12 Uncaught …\n  at …` without what differs between
/// runs: where, and through which calls.
fn without_place(message: &str) -> String {
    let first = message.split("\\n    at ").next().unwrap_or(message);
    let first = first.split("\n    at ").next().unwrap_or(first);
    let place = |word: &&str| word.starts_with("http") || word.starts_with(|c: char| c.is_ascii_digit());
    first.split(' ').skip_while(place).collect::<Vec<_>>().join(" ")
}
