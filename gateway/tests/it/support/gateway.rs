//! The gateway as a process of its own.

use super::client::Client;
use super::config::Config;
use super::in_time;
use super::metrics::{self, Metrics};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A directory that exists for one test.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("it-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file");
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // What is left over does no harm: the build directory is its place.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// A running gateway; it is killed with this value, and its log shown if the test failed.
#[derive(Debug)]
pub(crate) struct Gateway {
    child: Child,
    directory: Directory,
    /// By name, in their order.
    listeners: Vec<(String, SocketAddr)>,
    admin: SocketAddr,
}

/// How a gateway ended.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

const LOG: &str = "stderr";
const PROGRAM: &str = env!("CARGO_BIN_EXE_gatewright");

impl Gateway {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(config: &Config) -> Self {
        Self::start_text(&config.text(), config.files()).await
    }

    /// The same from the text of a configuration and the files beside it.
    pub(crate) async fn start_text(text: &str, files: &[(String, String)]) -> Self {
        Self::listen(text, spawn(text, files)).await
    }

    /// Starts it with a soft limit of descriptors and a hard one.
    pub(crate) async fn start_with_descriptors(config: &Config, soft: u32, hard: u32) -> Self {
        let mut limited = Command::new("prlimit");
        limited.arg(format!("--nofile={soft}:{hard}")).arg(PROGRAM);
        let text = config.text();
        Self::listen(&text, spawn_by(limited, &text, config.files())).await
    }

    async fn listen(text: &str, (mut child, directory): (Child, Directory)) -> Self {
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let expected = text.matches("[listeners.").count();
        let (mut listeners, mut admin) = (Vec::new(), None);
        while listeners.len() < expected || admin.is_none() {
            let Some((name, address)) = in_time("its addresses", listening(&mut lines)).await
            else {
                panic!("it does not start:\n{}\n{}", text, directory.read(LOG));
            };
            match name.as_str() {
                "admin" => admin = Some(address),
                _ => listeners.push((name, address)),
            }
        }
        Self {
            child,
            directory,
            listeners,
            admin: admin.expect("it is known"),
        }
    }

    /// Starts one that does not come up, and waits for its end.
    pub(crate) async fn fail(text: &str) -> Exit {
        Self::fail_beside(text, &[]).await
    }

    /// The same with the files of its configuration.
    pub(crate) async fn fail_with(config: &Config) -> Exit {
        Self::fail_beside(&config.text(), config.files()).await
    }

    async fn fail_beside(text: &str, files: &[(String, String)]) -> Exit {
        let (mut child, directory) = spawn(text, files);
        let status = in_time("its end", child.wait()).await.expect("an end");
        Exit {
            code: status.code(),
            stderr: directory.read(LOG),
        }
    }

    /// Where clients come in.
    pub(crate) fn front(&self) -> SocketAddr {
        self.listeners[0].1
    }

    /// The same of one of several listeners.
    pub(crate) fn listener(&self, name: &str) -> SocketAddr {
        let named = self.listeners.iter().find(|(known, _)| known == name);
        named.expect("a listener of that name").1
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.front()).await
    }

    pub(crate) async fn client_with_little_room(&self) -> Client {
        Client::connect_with_little_room(self.front()).await
    }

    pub(crate) async fn metrics(&self) -> Metrics {
        Metrics::scrape(self.admin).await
    }

    /// Waits until it has counted so many ends of clients' connections for this reason.
    pub(crate) async fn until_closed(&self, reason: &str, times: usize) {
        let labels = [("listener", "front"), ("reason", reason)];
        let counted = async {
            let mut count = 0.0;
            while count < times as f64 {
                count = self
                    .metrics()
                    .await
                    .sum("gatewright_connections_closed_total", &labels);
            }
            count
        };
        let counted = in_time(format!("{times} ends by {reason}"), counted).await;
        assert_eq!(counted, times as f64, "{reason}");
    }

    /// Waits until a metric's sum is `value` or more.
    pub(crate) async fn until_metric(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        let reached = async { while self.metrics().await.sum(name, labels) < value {} };
        in_time(format!("{name} {labels:?} to reach {value}"), reached).await;
    }

    /// The status and the body of a page of the admin listener.
    pub(crate) async fn admin(&self, path: &str) -> (u16, String) {
        metrics::get(self.admin, path).await
    }

    /// What it wrote to its log so far.
    pub(crate) fn stderr(&self) -> String {
        self.directory.read(LOG)
    }

    /// Waits until its log says so.
    pub(crate) async fn until_told(&self, text: &str) {
        let told = async {
            while !self.stderr().contains(text) {
                tokio::task::yield_now().await;
            }
        };
        in_time(text, told).await;
    }

    /// Bytes of memory it has in use.
    pub(crate) fn memory(&self) -> u64 {
        let pid = self.child.id().expect("a running process");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("a size");
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a size");
        kilobytes * 1024
    }

    /// What it has used of the processors so far, to a hundredth of a second.
    pub(crate) fn cpu_time(&self) -> Duration {
        let pid = self.child.id().expect("a running process");
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("its state");
        // Behind its name, which may have spaces.
        let (_, rest) = stat.rsplit_once(')').expect("a name");
        let of_its_own = rest.split_whitespace().skip(11).take(2);
        let ticks = of_its_own.map(|ticks| ticks.parse::<u64>().expect("ticks"));
        Duration::from_millis(10 * ticks.sum::<u64>())
    }

    /// The numbers of its descriptors.
    fn descriptors(&self) -> Vec<usize> {
        let pid = self.child.id().expect("a running process");
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors");
        let names = open.map(|entry| entry.expect("an entry").file_name());
        let number = |name: OsString| name.to_str().and_then(|name| name.parse().ok());
        names.map(|name| number(name).expect("a number")).collect()
    }

    /// Has clients take all descriptors that it may have. The last of them gets none. What the
    /// gateway opens for itself when it starts must be open: it has answered a client.
    pub(crate) async fn leave_no_descriptor(&self) -> Vec<Client> {
        // Whoever has answered once keeps a spare one.
        assert_eq!(self.admin("/healthz").await.0, 200);
        let open = self.descriptors();
        // It may have inherited some with high numbers, and the limit is one of numbers.
        let lowest_free = (0..).find(|number| !open.contains(number));
        let most = lowest_free.expect("a number") + 4;
        self.limit_descriptors(most).await;
        let mut clients = Vec::new();
        // Some that were open are not any more: of connections that have ended.
        for _ in 0..most {
            clients.push(self.client().await);
        }
        let refused = [("reason", "accept-error")];
        let counted = "gatewright_connections_refused_total";
        self.until_metric(counted, &refused, 1.0).await;
        clients
    }

    /// Lets it open so many descriptors.
    pub(crate) async fn limit_descriptors(&self, most: usize) {
        let pid = self.child.id().expect("a running process").to_string();
        let set = Command::new("prlimit")
            .args(["--pid", &pid, &format!("--nofile={most}:")])
            .status()
            .await;
        assert!(set.expect("prlimit of util-linux").success());
    }

    /// Asks it to stop.
    pub(crate) async fn terminate(&self) {
        self.signal("TERM").await;
    }

    /// Has it stand still until it may go on: what comes in the meantime it finds all at once.
    pub(crate) async fn stop_for_now(&self) {
        self.signal("STOP").await;
        let waiting = async {
            while !self.stands_still() {
                tokio::task::yield_now().await;
            }
        };
        in_time("it to stand still", waiting).await;
    }

    /// Whether each of its threads is stopped.
    fn stands_still(&self) -> bool {
        let pid = self.child.id().expect("a running process");
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
        let mut states = threads.map(|thread| {
            let status = thread.expect("a thread").path().join("status");
            std::fs::read_to_string(status).unwrap_or_default()
        });
        states.all(|status| status.contains("State:\tT"))
    }

    pub(crate) async fn go_on(&self) {
        self.signal("CONT").await;
    }

    async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("a running process").to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -\"$1\" \"$0\"", &pid, name])
            .status()
            .await;
        assert!(sent.expect("a shell").success());
    }

    /// Waits for its end.
    pub(crate) async fn exit(&mut self) -> Exit {
        let status = in_time("its end", self.child.wait()).await.expect("an end");
        Exit {
            code: status.code(),
            stderr: self.stderr(),
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the gateway's log\n{}---", self.stderr());
        }
    }
}

fn spawn(text: &str, files: &[(String, String)]) -> (Child, Directory) {
    spawn_by(Command::new(PROGRAM), text, files)
}

/// The same by a program that runs it.
fn spawn_by(mut program: Command, text: &str, files: &[(String, String)]) -> (Child, Directory) {
    let directory = Directory::new();
    for (name, content) in files {
        directory.write(name, content);
    }
    let config = directory.write("gatewright.toml", text);
    let log = std::fs::File::create(directory.path().join(LOG)).expect("a file");
    let child = program
        .arg("run")
        .arg("-c")
        .arg(config)
        .env("NO_COLOR", "1")
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .expect("a process");
    (child, directory)
}

/// The next `listening NAME SCHEME://ADDRESS/PATH`, or nothing once it has ended.
async fn listening(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<(String, SocketAddr)> {
    while let Some(line) = lines.next_line().await.expect("text") {
        if let Some(rest) = line.strip_prefix("listening ") {
            let (name, url) = rest.split_once(' ').expect("a name and an address");
            let (_, address) = url.split_once("://").expect("an address");
            let (address, _) = address.split_once('/').unwrap_or((address, ""));
            return Some((name.to_owned(), address.parse().expect("an address")));
        }
    }
    None
}
