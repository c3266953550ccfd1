//! Servers and clients that others wrote, from Debian's packages.

use super::gateway::Directory;
use super::in_time;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Where such programs are, beside `PATH`: a user's often lacks the second half.
const PLACES: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/usr/local/sbin", "/usr/sbin"];

/// The paths of `programs`. Without one of them a test has nothing to say: in CI that is a
/// failure, elsewhere the test says that it was skipped.
pub(crate) fn installed<const N: usize>(
    programs: [&str; N],
    package: &str,
) -> Option<[PathBuf; N]> {
    let found = programs.map(find);
    if let Some(missing) = found.iter().position(Option::is_none) {
        skip(programs[missing], &format!("apt-get install {package}"));
        return None;
    }
    Some(found.map(Option::unwrap_or_default))
}

/// Debian's Python, if it has `modules`. One that comes first in `PATH` may not see them.
pub(crate) fn python_with<const N: usize>(modules: [&str; N], package: &str) -> Option<PathBuf> {
    let python = PathBuf::from("/usr/bin/python3");
    let imports = modules.map(|module| format!("import {module}"));
    let imported = std::process::Command::new(&python)
        .args(["-c", &imports.join("\n")])
        .stderr(Stdio::null())
        .status();
    if imported.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    skip(&modules.join(", "), &format!("apt-get install {package}"));
    None
}

/// The folder of the programs of `.ci/openapi.txt`, where `.ci/run` puts them.
pub(crate) fn openapi_programs() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let folder = target.expect("a folder of builds").join("openapi/bin");
    let programs = ["python", "openapi-python-client", "openapi-spec-validator"];
    let missing = (programs.iter()).find(|program| !folder.join(program).exists());
    if let Some(missing) = missing {
        let how = format!(
            "python3 -m venv {0}; {0}/bin/pip install -r .ci/openapi.txt",
            "target/openapi"
        );
        skip(missing, &how);
        return None;
    }
    Some(folder)
}

fn skip(missing: &str, how: &str) {
    let message = format!("{missing} is not installed: {how}");
    assert!(std::env::var_os("CI").is_none(), "{message}");
    // Past the test harness, which keeps what a passing test prints to itself.
    writeln!(std::io::stderr(), "SKIPPED: {message}").expect("standard error");
}

fn find(program: &str) -> Option<PathBuf> {
    PLACES
        .iter()
        .map(|place| Path::new(place).join(program))
        .find(|path| path.exists())
}

/// A running server; it is killed with this value, and its log shown if the test failed.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    directory: Directory,
    addresses: Vec<SocketAddr>,
}

impl Server {
    /// Starts a server on `ports` free ports, as `command` makes it of them and a directory,
    /// and waits until it listens. Another process may take a port in between: then with others.
    pub(crate) async fn start<const N: usize>(
        command: impl Fn(&Directory, [u16; N]) -> Command,
    ) -> Self {
        for _ in 0..5 {
            let directory = Directory::new();
            let ports = free_ports();
            let log = std::fs::File::create(directory.path().join("log")).expect("a file");
            let mut child = command(&directory, ports)
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("a file"))
                .stderr(log)
                .kill_on_drop(true)
                .spawn()
                .expect("a server");
            let addresses = ports
                .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
                .to_vec();
            if in_time("a server", listens(&mut child, &addresses)).await {
                return Self {
                    child,
                    directory,
                    addresses,
                };
            }
            eprintln!("once more, after: {}", directory.read("log"));
        }
        panic!("a server does not start");
    }

    /// Its addresses, in the order of the ports that it was given.
    pub(crate) fn address(&self, index: usize) -> SocketAddr {
        self.addresses[index]
    }

    /// What is in a file of its directory by now.
    pub(crate) fn read(&self, name: &str) -> String {
        self.directory.read(name)
    }

    /// Has it read its files again.
    pub(crate) async fn reload(&self) {
        let pid = self.child.id().expect("a running process").to_string();
        let mut command = Command::new("sh");
        let sent = command
            .args(["-c", "kill -HUP \"$0\"", &pid])
            .status()
            .await;
        assert!(sent.expect("a shell").success());
    }

    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("a running server");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- a server's log\n{}---", self.directory.read("log"));
        }
    }
}

async fn listens(child: &mut Child, addresses: &[SocketAddr]) -> bool {
    for address in addresses {
        while TcpStream::connect(address).await.is_err() {
            if child.try_wait().expect("a child").is_some() {
                return false;
            }
            tokio::task::yield_now().await;
        }
    }
    true
}

fn free_ports<const N: usize>() -> [u16; N] {
    // All are held until all are known, so that they differ.
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}
