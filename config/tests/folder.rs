//! A folder of files is one configuration, and what is wrong is found in its file.

use gatewright_config::{Diagnostic, Loaded, Protocols, load};
use std::path::{Path, PathBuf};

const LISTENER: &str = r#"
[log]
filter = "warn"
[listeners.pos]
bind = "tcp://127.0.0.1:7700"
protocol = "pos"
"#;
const PAYMENTS: &str = r#"[upstreams.payments]
url = "https://pay"
tls.ca = "ca.pem"
[[routes]]
name = "authorise"
from = "pos"
operation = "auth_req"
to = "payments"
request.post = "/"
reply = [{ on = "*" }]"#;
const OTHERS: &str = r#"[upstreams.others]
url = "mock:"
[[routes]]
name = "others"
from = "pos"
to = "others"
request.post = "/"
reply = [{ on = "*" }]
[log]
messages = true
"#;

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // It may be there from an earlier run.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    folder
}

fn read(folder: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let protocols: Protocols = gatewright_codecs::BUILTIN
        .iter()
        .map(|builtin| (builtin.name, (builtin.protocol)()))
        .collect();
    load(folder, &protocols)
}

/// Each finding's file, line and message.
fn findings(folder: &Path) -> Vec<String> {
    let found = read(folder).err().unwrap_or_default();
    let shown = found.iter().map(|found| {
        let text = found.to_string();
        text.replace(&format!("{}/", folder.display()), "")
    });
    shown.collect()
}

#[test]
fn files_of_a_folder_are_one_configuration() {
    let folder = folder(
        "several",
        &[
            ("10-listener.toml", LISTENER),
            ("20-payments.toml", PAYMENTS),
            ("30-others.toml", OTHERS),
            ("ca.pem", include_str!("tls/ca.pem")),
            ("30-others.test.toml", "this is no TOML"),
            ("notes.txt", "nor is this"),
        ],
    );
    let loaded = read(&folder).unwrap_or_else(|found| panic!("{found:#?}"));
    let plan = &loaded.plan;
    assert_eq!(plan.upstreams.len(), 2);
    assert_eq!(
        (plan.log.filter.as_str(), plan.log.messages),
        ("warn", true)
    );
    let routes: Vec<_> = plan.listeners[0]
        .routes
        .iter()
        .map(|route| &*route.name)
        .collect();
    assert_eq!(routes, ["authorise", "others"]);
    let in_use = loaded.not_bound(0, &std::io::ErrorKind::AddrInUse.into());
    assert!(
        in_use.to_string().contains("10-listener.toml:5:8: "),
        "{in_use}"
    );
}

#[test]
fn what_is_wrong_is_found_in_its_file() {
    let bad = PAYMENTS.replace("\"/\"", "\"/{merchnt}\"");
    let again = "[log]\nfilter = \"info\"\n[listeners]\npos = {}\n";
    let folder = folder(
        "wrong",
        &[
            ("a.toml", LISTENER),
            ("b.toml", &bad),
            ("c.toml", again),
            ("d.toml", "[gateway]\nworkers = \n"),
            ("ca.pem", include_str!("tls/ca.pem")),
        ],
    );
    let found = findings(&folder);
    for start in [
        "b.toml:9:19: error[GW20",
        "c.toml:2:1: error[GW1012]: `filter` is in two files",
        "c.toml:4:1: error[GW1012]: `pos` is in two files",
        "d.toml:2:11: error[GW1001]",
    ] {
        assert!(
            found.iter().any(|text| text.starts_with(start)),
            "{start} in {found:#?}"
        );
    }
    assert_eq!(found.len(), 4, "{found:#?}");
    let help = read(&folder)
        .unwrap_err()
        .into_iter()
        .filter_map(|found| found.help);
    let other = help.filter(|help| help.ends_with("a.toml:3")).count();
    assert_eq!(other, 1);
}

#[test]
fn a_folder_without_files_is_no_configuration() {
    let folder = folder("nothing", &[("x.test.toml", "")]);
    let found = findings(&folder);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("error[GW4001]") && found[0].contains("no file"),
        "{found:?}"
    );
}
