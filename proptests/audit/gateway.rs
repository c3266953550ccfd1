//! The gateway, a process of its own.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::unix::pipe;
use tokio::time::{sleep, timeout};

/// A folder of this run's that goes with this value.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> io::Result<Self> {
        let name = format!("gatewright-audit-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over lies where such things are cleared away.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process that is killed with this value. The library's own would have tokio built anew, with a
/// feature that the gateway does not need, and all that is built on it.
#[derive(Debug)]
struct Process(Child);

impl Process {
    /// How it ended, if it has.
    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    async fn end(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            sleep(LOOK).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A gateway that runs; killed with this value.
#[derive(Debug)]
pub(crate) struct Gateway {
    process: Process,
    folder: Folder,
    listeners: HashMap<String, SocketAddr>,
}

/// How a gateway ended, or several of one phase.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// The most memory that it had in use, in MiB.
    pub(crate) memory: u64,
    /// What was wrong with its end, if anything.
    pub(crate) fault: Option<String>,
}

impl Ended {
    pub(crate) fn add(&mut self, other: Self) {
        self.memory = self.memory.max(other.memory);
        self.fault = self.fault.take().or(other.fault);
    }
}

const LOG: &str = "stderr";
const CONFIG: &str = "gatewright.toml";

/// How long it may take to start, and to end once it is told to.
const LIMIT: Duration = Duration::from_secs(30);

/// How often is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

impl Gateway {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(
        program: &Path,
        name: &str,
        config: &str,
        files: &[(&str, &str)],
    ) -> io::Result<Self> {
        let folder = Folder::new(name)?;
        for (name, content) in files.iter().chain([&(CONFIG, config)]) {
            std::fs::write(folder.0.join(name), content)?;
        }
        let child = Command::new(program)
            .args([OsStr::new("run"), OsStr::new("-c"), OsStr::new(CONFIG)])
            .current_dir(&folder.0)
            .env("NO_COLOR", "1")
            // With huge pages, what is in use grows by 2 MiB for the first byte of each.
            .env("MIMALLOC_ALLOW_THP", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.0.join(LOG))?)
            .spawn()?;
        let mut process = Process(child);
        let expected = config.matches("[listeners.").count();
        let stdout = process
            .0
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("no pipe"))?;
        let stdout = pipe::Receiver::from_owned_fd(stdout.into())?;
        let mut lines = BufReader::new(stdout).lines();
        let mut listeners = HashMap::new();
        while listeners.len() < expected {
            let Some(line) = timeout(LIMIT, lines.next_line()).await?? else {
                let log = std::fs::read_to_string(folder.0.join(LOG)).unwrap_or_default();
                return Err(io::Error::other(format!(
                    "it does not start:\n{log}\n{config}"
                )));
            };
            let listening = line.strip_prefix("listening ").and_then(|rest| {
                let (name, url) = rest.split_once(" tcp://")?;
                Some((name.to_owned(), url.parse().ok()?))
            });
            listeners.extend(listening);
        }
        Ok(Self {
            process,
            folder,
            listeners,
        })
    }

    /// Where clients of a listener come in.
    pub(crate) fn address(&self, listener: &str) -> io::Result<SocketAddr> {
        let known = self.listeners.get(listener).copied();
        known.ok_or_else(|| io::Error::other(format!("no listener {listener}")))
    }

    /// The most memory that its limits allow, in bytes, as `check` says.
    pub(crate) fn worst_case(&self, program: &Path) -> io::Result<u64> {
        let mut check = Command::new(program);
        check.args(["check", "--format", "json", "-c", CONFIG]);
        let output = check.current_dir(&self.folder.0).output()?;
        let told: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let bytes = told["memory"]["bytes"].as_u64();
        bytes.ok_or_else(|| io::Error::other("it does not say how much memory it may take"))
    }

    /// The most memory that it had in use so far, in KiB.
    pub(crate) fn most_memory(&self) -> u64 {
        memory(self.process.0.id())
    }

    /// Tells it to stop and sees how it ends.
    pub(crate) async fn stop(mut self) -> io::Result<Ended> {
        if self.process.ended()?.is_some() {
            let fault = Some(format!("it had ended: {}", self.log()));
            return Ok(Ended { memory: 0, fault });
        }
        let pid = self.process.0.id();
        let memory = memory(pid) / 1024;
        let mut kill = Command::new("kill");
        kill.args(["-TERM", &pid.to_string()]).status()?;
        let fault = match timeout(LIMIT, self.process.end()).await {
            Err(_) => Some("it does not end".to_owned()),
            Ok(status) => {
                let status = status?;
                (!status.success()).then(|| format!("{status}"))
            }
        };
        let log = self.log();
        let fault = fault.or_else(|| log.contains("panicked").then(String::new));
        Ok(Ended {
            memory,
            fault: fault.map(|fault| format!("{fault}\n{log}")),
        })
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.0.join(LOG)).unwrap_or_default()
    }
}

/// The most memory that a process had in use, in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let size = line.and_then(|line| line.trim().strip_suffix(" kB"));
    size.and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok())
        .unwrap_or(0)
}

/// The gateway's program: the one given, or the one beside this program, built first where cargo
/// runs this.
pub(crate) fn find(given: Option<PathBuf>) -> Result<PathBuf, String> {
    if let Some(given) = given {
        // It is started in a folder of its own.
        let found = given.canonicalize().ok().filter(|path| path.is_file());
        return found.ok_or_else(|| format!("there is no {}", given.display()));
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = own.parent().unwrap_or(&own);
    if let Some(cargo) = std::env::var_os("CARGO") {
        build(&cargo, folder)?;
    }
    let beside = folder.join("gatewright");
    if beside.is_file() {
        return Ok(beside);
    }
    Err(format!(
        "there is no gateway at {}: build it with `cargo build --release -p gatewright`, or name one with --gateway",
        beside.display()
    ))
}

fn build(cargo: &OsStr, folder: &Path) -> Result<(), String> {
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--locked",
        "--package",
        "gatewright",
        "--bin",
        "gatewright",
    ]);
    if folder.ends_with("release") {
        command.arg("--release");
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the gateway cannot be built: {status}")),
        Err(error) => Err(format!("cargo cannot be run: {error}")),
    }
}
