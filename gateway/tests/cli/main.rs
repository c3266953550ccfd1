//! The verbs of the command line, run as people run them.

mod bytes;
mod captures;
mod definitions;
mod framed;
mod generate;
mod init;
mod openapi;
mod program;
mod send;
mod verbs;

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run of the program said.
struct Run {
    arguments: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the program in the folder of the test data.
fn gatewright(arguments: &[&str]) -> Run {
    gatewright_reading(arguments, b"")
}

/// The same with something on standard input.
fn gatewright_reading(arguments: &[&str], input: &[u8]) -> Run {
    run(arguments, &[], input)
}

/// The same with variables in the environment.
fn gatewright_with(arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    run(arguments, variables, b"")
}

fn run(arguments: &[&str], variables: &[(&str, &str)], input: &[u8]) -> Run {
    let mut program = Command::new(env!("CARGO_BIN_EXE_gatewright"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/data"))
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its input may be gone before all of it is written.
    let _ = program.stdin.take().unwrap().write_all(input);
    let output = program.wait_with_output().unwrap();
    Run {
        arguments: arguments.join(" "),
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ gatewright {}", self.arguments)?;
        writeln!(f, "{}", self.stdout)?;
        writeln!(f, "-- to people")?;
        writeln!(f, "{}", self.stderr)?;
        write!(f, "-- exit code {:?}", self.code)
    }
}
