//! Modbus/TCP by definition: mbpoll asks a device of pymodbus, and a service over HTTP/2.

use crate::definitions::{patient_recipe, recipe, run, said};
use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::gateway::{Directory, Gateway};
use crate::support::servers::{Server, installed, python_with};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::process::Command;

/// A device with 120 of each: holding registers from 100 on, input registers from 1000 on, coils
/// of which every third is on, inputs of which two of three are.
const DEVICE: &str = r#"
import sys
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartTcpServer

device = ModbusSlaveContext(
    di=ModbusSequentialDataBlock(1, [True, False, True] * 40),
    co=ModbusSequentialDataBlock(1, [True, False, False] * 40),
    hr=ModbusSequentialDataBlock(1, list(range(100, 220))),
    ir=ModbusSequentialDataBlock(1, list(range(1000, 1120))),
)
StartTcpServer(context=ModbusServerContext(slaves=device, single=True), address=("127.0.0.1", int(sys.argv[1])))
"#;

async fn device() -> Option<Server> {
    let python = python_with(
        ["pymodbus.server"],
        "python3-pymodbus python3-serial-asyncio",
    )?;
    let start = |directory: &Directory, [port]: [u16; 1]| {
        let mut command = Command::new(&python);
        command.arg(directory.write("device.py", DEVICE));
        command.arg(port.to_string());
        command
    };
    Some(Server::start(start).await)
}

/// A service that knows the registers below 10: each is ten times its address.
fn service(asked: &Asked) -> Action {
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let address: u16 = path.rsplit('/').next().unwrap().parse().expect("a number");
    if address >= 10 {
        return Action::Answer(Answer::status(404));
    }
    let count = query.strip_prefix("count=").unwrap_or("0");
    let count: u16 = count.parse().expect("a number");
    let values: Vec<u16> = (address..address + count).map(|at| at * 10).collect();
    Action::Answer(Answer::status(200).json(&json!({ "values": values })))
}

struct Master(PathBuf);

impl Master {
    fn find() -> Option<Self> {
        let [program] = installed(["mbpoll"], "mbpoll")?;
        Some(Self(program))
    }

    /// What mbpoll says after one request: values as `[reference]: value`, or why there are none.
    async fn ask(&self, at: SocketAddr, request: &str) -> String {
        let (options, values) = request.split_once(" = ").unwrap_or((request, ""));
        let mut command = Command::new(&self.0);
        command
            .args(["-m", "tcp", "-a", "1", "-1", "-q", "-o", "10"])
            .args(["-p", &at.port().to_string()])
            .args(options.split(' '))
            .arg(at.ip().to_string());
        if !values.is_empty() {
            command.arg("--").args(values.split(' '));
        }
        let text = said(&run(&mut command).await);
        let lines = text.lines().filter(|line| !line.starts_with("--"));
        let lines = lines.map(|line| line.replace('\t', "")).collect::<Vec<_>>();
        lines.join("\n").trim().to_owned()
    }
}

#[tokio::test]
async fn a_device_is_asked_through_the_gateway_as_without_it() {
    let (Some(master), Some(device)) = (Master::find(), device().await) else {
        return;
    };
    let url = format!("tcp://{}", device.address(0));
    let gateway = patient_recipe("modbus", "tcp://127.0.0.1:502", url).await;
    for (request, expected) in [
        ("-t 4 -r 1 -c 3", "[1]: 100\n[2]: 101\n[3]: 102"),
        ("-t 3 -r 7 -c 2", "[7]: 1006\n[8]: 1007"),
        ("-t 0 -r 1 -c 4", "[1]: 1\n[2]: 0\n[3]: 0\n[4]: 1"),
        ("-t 1 -r 1 -c 3", "[1]: 1\n[2]: 0\n[3]: 1"),
        ("-t 4 -r 1 -c 100", "[100]: 199"),
        (
            "-t 4 -r 900 -c 2",
            "Read output (holding) register failed: Illegal data address",
        ),
        ("-t 4 -r 5 = 7", "Written 1 references."),
        ("-t 4 -r 5 -c 1", "[5]: 7"),
        ("-t 4 -r 5 = 77 78 79", "Written 3 references."),
        ("-t 4 -r 5 -c 3", "[5]: 77\n[6]: 78\n[7]: 79"),
        ("-t 0 -r 2 = 1", "Written 1 references."),
        ("-t 0 -r 3 = 1 0", "Written 2 references."),
        ("-t 0 -r 1 -c 4", "[1]: 1\n[2]: 1\n[3]: 1\n[4]: 0"),
    ] {
        let got = master.ask(gateway.listener("devices"), request).await;
        assert!(got.contains(expected), "{request}: {got}");
        // Writing the same twice changes nothing.
        assert_eq!(
            master.ask(device.address(0), request).await,
            got,
            "{request}"
        );
    }
}

#[tokio::test]
async fn without_a_device_there_is_an_exception() {
    let (Some(master), Some(mut device)) = (Master::find(), device().await) else {
        return;
    };
    let url = format!("tcp://{}", device.address(0));
    let gateway = recipe("modbus", &[("tcp://127.0.0.1:502", url)]).await;
    device.kill().await;
    let got = master
        .ask(gateway.listener("devices"), "-t 4 -r 1 -c 3")
        .await;
    assert!(got.contains("Gateway path unavailable"), "{got}");
}

async fn plant(backend: &Backend) -> Gateway {
    patient_recipe("modbus", "h2c://127.0.0.1:8080", backend.url()).await
}

#[tokio::test]
async fn a_service_answers_as_a_device_would() {
    let Some(master) = Master::find() else {
        return;
    };
    let backend = Backend::scripted(service).start().await;
    let gateway = plant(&backend).await;
    let plant = gateway.listener("plant");
    // mbpoll counts from 1, the wire from 0.
    let read = master.ask(plant, "-t 4 -r 3 -c 4").await;
    assert!(
        read.contains("[3]: 20\n[4]: 30\n[5]: 40\n[6]: 50"),
        "{read}"
    );
    let written = master.ask(plant, "-t 4 -r 9 = 258 65535").await;
    assert!(written.contains("Written 2 references."), "{written}");
    let missing = master.ask(plant, "-t 4 -r 900 -c 1").await;
    assert!(missing.contains("Illegal data address"), "{missing}");
    let unrouted = master.ask(plant, "-t 0 -r 1 -c 1").await;
    assert!(unrouted.contains("Gateway path unavailable"), "{unrouted}");
    let log = backend.log();
    let asked: Vec<_> = log
        .asked
        .iter()
        .map(|asked| format!("{} {}", asked.method, asked.target))
        .collect();
    let expected = [
        "GET /units/1/registers/2?count=4",
        "PUT /units/1/registers/8",
        "GET /units/1/registers/899?count=1",
    ];
    assert_eq!(asked, expected);
    assert_eq!(log.asked[1].json(), json!({ "values": [258, 65535] }));
}
