//! One look-up: from a name to addresses, with what DNS says of them.

use gatewright_config::plan::{Authority, Records};
use gatewright_core::pool::{Found, Rank};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::SRV;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long one name server may take, and how often each is asked: a look-up that fails is made
/// again soon enough.
const PATIENCE: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 2;

/// Who is asked.
#[derive(Clone)]
pub(super) struct Names(TokioResolver);

/// What a look-up found, and until when that holds.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) found: Vec<Found>,
    pub(super) until: Instant,
}

/// The addresses of one name.
struct Addresses {
    ips: Vec<IpAddr>,
    until: Instant,
}

/// What one upstream's endpoints are found by.
pub(super) struct Lookup {
    names: Names,
    host: String,
    port: u16,
    records: Records,
    /// So many targets of a service are looked up at most.
    most: usize,
}

impl Names {
    /// Asks these servers, or those of the system if there are none.
    pub(super) fn new(servers: &[SocketAddr]) -> io::Result<Self> {
        let provider = TokioRuntimeProvider::default();
        let mut builder = if servers.is_empty() {
            TokioResolver::builder(provider).map_err(io::Error::other)?
        } else {
            let servers = servers.iter().map(|server| name_server(*server)).collect();
            let config = ResolverConfig::from_name_servers(servers);
            TokioResolver::builder_with_config(config, provider)
        };
        set_options(builder.options_mut());
        builder.build().map(Self).map_err(io::Error::other)
    }

    /// None if there is no such name, or nothing of that kind.
    async fn addresses(&self, name: &str) -> Result<Option<Addresses>, NetError> {
        let found = self.0.lookup_ip(name).await;
        Ok(present(found)?.map(|found| Addresses {
            ips: found.iter().collect(),
            until: found.valid_until(),
        }))
    }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let connections = connections.map(on_port).into();
    NameServerConfig::new(address.ip(), true, connections)
}

/// Each look-up is one: what was found is asked for again once it may have changed.
fn set_options(options: &mut ResolverOpts) {
    options.timeout = PATIENCE;
    options.attempts = ATTEMPTS;
    options.cache_size = 0;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
}

/// That there is nothing is an answer; everything else is a failure.
fn present<T>(answer: Result<T, NetError>) -> Result<Option<T>, NetError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_no_records_found() => Ok(None),
        Err(error) => Err(error),
    }
}

impl Lookup {
    pub(super) fn new(names: Names, authority: &Authority, records: Records, most: usize) -> Self {
        Self {
            names,
            host: authority.host.to_string(),
            port: authority.port,
            records,
            most,
        }
    }

    /// Looks once. A target of a service that has no address is left out; if one cannot be looked
    /// up, nobody knows whether it has.
    pub(super) async fn look(&self) -> Result<Answer, NetError> {
        let answer = match self.records {
            Records::Address => self.look_for_addresses().await,
            Records::Service => self.look_for_service().await,
        };
        let nothing = || Answer {
            found: Vec::new(),
            until: crate::clock::now(),
        };
        answer.map(|answer| answer.unwrap_or_else(nothing))
    }

    async fn look_for_addresses(&self) -> Result<Option<Answer>, NetError> {
        let found = self.names.addresses(&self.host).await?;
        Ok(found.map(|addresses| Answer {
            found: endpoints(&addresses, self.port, Rank::default()).collect(),
            until: addresses.until,
        }))
    }

    async fn look_for_service(&self) -> Result<Option<Answer>, NetError> {
        let Some(found) = present(self.names.0.srv_lookup(&*self.host).await)? else {
            return Ok(None);
        };
        let mut targets: Vec<&SRV> = (found.answers().iter())
            .filter_map(|record| match &record.data {
                RData::SRV(target) => Some(target),
                _ => None,
            })
            .collect();
        targets.sort_by_key(|target| target.priority);
        let mut looking = JoinSet::new();
        for target in targets.into_iter().take(self.most) {
            let (names, target) = (self.names.clone(), target.clone());
            looking.spawn(async move {
                let name = target.target.to_string();
                Ok((names.addresses(&name).await?, target))
            });
        }
        let mut answer = Answer {
            found: Vec::new(),
            until: found.valid_until(),
        };
        while let Some(looked) = looking.join_next().await {
            let looked: Result<_, NetError> = looked.unwrap_or_else(|e| Err(e.to_string().into()));
            if let (Some(addresses), target) = looked? {
                answer.until = answer.until.min(addresses.until);
                let found = endpoints(&addresses, target.port, rank(&target));
                answer.found.extend(found);
            }
        }
        Ok(Some(answer))
    }
}

/// RFC 2782: the lowest priority first. A weight of 0 is for records that are to be chosen hardly
/// ever; it is the smallest that there is here.
fn rank(target: &SRV) -> Rank {
    Rank {
        weight: u32::from(target.weight).max(1),
        priority: target.priority.into(),
    }
}

fn endpoints(addresses: &Addresses, port: u16, rank: Rank) -> impl Iterator<Item = Found> {
    let ips = addresses.ips.iter();
    ips.map(move |ip| Found {
        address: SocketAddr::new(*ip, port),
        rank,
    })
}
