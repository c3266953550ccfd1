//! From a configuration to a gateway that can start.

use super::running::{self, Running, Signals};
use crate::definitions::Disk;
use crate::listen::BindError;
use crate::tls::{Tls, TlsError};
use gatewright_codecs::BUILTIN;
use gatewright_config::{Diagnostic, Loaded, Protocols, load_str_with, load_with};
use gatewright_core::codec::Protocol;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What a gateway is built from: protocols and a configuration.
#[derive(Clone, Debug)]
pub struct Builder {
    protocols: Protocols,
    config: Config,
    variables: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
enum Config {
    File(PathBuf),
    Text { name: String, text: String },
}

impl Default for Builder {
    fn default() -> Self {
        let protocols: Protocols = BUILTIN
            .iter()
            .map(|row| (row.name, (row.protocol)()))
            .collect();
        Self {
            protocols: protocols.with_definitions(Arc::new(Disk)),
            config: Config::File("gatewright.toml".into()),
            variables: BTreeMap::new(),
        }
    }
}

impl Builder {
    /// Links a protocol in: configurations name it as `codec = "NAME"`, or as a listener's
    /// `protocol`.
    #[must_use]
    pub fn protocol(self, name: impl Into<String>, protocol: impl Protocol) -> Self {
        self.shared_protocol(name, Arc::new(protocol))
    }

    /// The same for a protocol that is shared already.
    #[must_use]
    pub fn shared_protocol(mut self, name: impl Into<String>, protocol: Arc<dyn Protocol>) -> Self {
        self.protocols.insert(name, protocol);
        self
    }

    /// Takes the configuration from a file instead of `gatewright.toml`.
    #[must_use]
    pub fn config(mut self, file: impl Into<PathBuf>) -> Self {
        self.config = Config::File(file.into());
        self
    }

    /// Takes the configuration from a text; diagnostics call it `name`.
    #[must_use]
    pub fn config_text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.config = Config::Text {
            name: name.into(),
            text: text.into(),
        };
        self
    }

    /// Gives `${name}` in the configuration a value, whatever the process's environment says.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The protocols that a configuration may name. It may have definitions beside them.
    #[must_use]
    pub const fn protocols(&self) -> &Protocols {
        &self.protocols
    }

    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// With all that is wrong with it.
    pub fn load(&self) -> Result<Gateway, Vec<Diagnostic>> {
        let variables = |name: &str| match self.variables.get(name) {
            Some(value) => Some(value.clone()),
            None => std::env::var(name).ok(),
        };
        let loaded = match &self.config {
            Config::File(path) => load_with(path, &self.protocols, &variables),
            Config::Text { name, text } => load_str_with(name, text, &self.protocols, &variables),
        };
        Ok(Gateway { loaded: loaded? })
    }

    /// Loads, starts, and serves until SIGTERM or SIGINT and the drain that follows.
    ///
    /// # Errors
    /// If the configuration is invalid or the system refuses.
    pub fn run(&self) -> Result<running::Outcome, StartError> {
        let gateway = self.load().map_err(StartError::Config)?;
        Ok(gateway.start_until_signal()?.wait())
    }
}

/// A gateway with a valid configuration, not started yet.
#[derive(Clone, Debug)]
pub struct Gateway {
    loaded: Loaded,
}

impl Gateway {
    /// A builder that knows the built-in protocols and reads `gatewright.toml`.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A builder that knows the built-in protocols and reads `file`.
    #[must_use]
    pub fn from_config(file: impl Into<PathBuf>) -> Builder {
        Builder::default().config(file)
    }

    /// The configuration that it will run.
    #[must_use]
    pub const fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Binds every listener and starts to serve, until [`Running::stop`]. The process may have as many descriptors
    /// as its hard limit allows from then on.
    ///
    /// # Errors
    /// If TLS cannot use a file, or the system refuses an address or a thread. Nothing is left running then.
    pub fn start(self) -> Result<Running, StartError> {
        self.start_with(Signals::Ignore)
    }

    /// The same, but SIGTERM and SIGINT stop it, too.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_until_signal(self) -> Result<Running, StartError> {
        self.start_with(Signals::Obey)
    }

    fn start_with(self, signals: Signals) -> Result<Running, StartError> {
        let plan = Arc::new(self.loaded.plan.clone());
        let tls = Tls::load(&plan).map_err(|refused| self.refuse_tls(refused))?;
        running::start(plan, tls, signals).map_err(|refused| match refused {
            running::Refused::Bind(errors) => StartError::Bind(self.locate(errors)),
            running::Refused::System(error) => StartError::System(error),
        })
    }

    /// What is wrong with the files that TLS needs, and what this system lacks for it.
    pub(crate) fn problems_of_tls(&self) -> Vec<Diagnostic> {
        let refused = Tls::load(&self.loaded.plan).err().unwrap_or_default();
        let found = |error: &TlsError| {
            let located = error.locate(&self.loaded);
            located.unwrap_or_else(|| error.of_this_system())
        };
        refused.iter().map(found).collect()
    }

    /// The system's refusal, if it is one; else what is wrong with files.
    fn refuse_tls(&self, refused: Vec<TlsError>) -> StartError {
        let mut found = Vec::new();
        for error in refused {
            match error.locate(&self.loaded) {
                Some(finding) => found.push(finding),
                None => return StartError::Tls(error),
            }
        }
        StartError::Config(found)
    }

    /// Points at the places in the configuration where the addresses stand.
    fn locate(&self, errors: Vec<BindError>) -> Vec<Diagnostic> {
        let located = |error: BindError| match error.listener {
            Some(index) => self.loaded.not_bound(index, &error.error),
            None => self.loaded.admin_not_bound(&error.error),
        };
        errors.into_iter().map(located).collect()
    }
}

/// Why a gateway did not start.
#[derive(Debug)]
pub enum StartError {
    /// The configuration is invalid.
    Config(Vec<Diagnostic>),
    /// The system refuses addresses.
    Bind(Vec<Diagnostic>),
    /// TLS cannot be spoken for want of the system's authorities or the like.
    Tls(TlsError),
    /// The system refuses threads or the like.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(found) | Self::Bind(found) => found
                .iter()
                .try_for_each(|diagnostic| writeln!(f, "{}", diagnostic.message)),
            Self::Tls(error) => error.fmt(f),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}
