//! One look-up: from a name to addresses, with what DNS says of them.

use gatewright_config::plan::{Authority, Records};
use gatewright_core::pool::{Found, Rank};
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::{TokioResolver, lookup_ip::LookupIp};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long one name server may take, and how often each is asked: a look-up that fails is made
/// again soon enough.
const PATIENCE: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 2;

/// Who is asked: of both families apart, as one may be known where the other is not.
#[derive(Clone)]
pub(super) struct Names {
    v4: TokioResolver,
    v6: TokioResolver,
}

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
    /// What the last look-up found, by name.
    known: HashMap<String, Vec<IpAddr>>,
}

impl Names {
    /// Asks these servers, or those of the system if there are none.
    pub(super) fn new(servers: &[SocketAddr]) -> io::Result<Self> {
        Ok(Self {
            v4: resolver(servers, LookupIpStrategy::Ipv4Only)?,
            v6: resolver(servers, LookupIpStrategy::Ipv6Only)?,
        })
    }

    /// None if there is no such name, or nothing of that kind.
    async fn addresses(&self, name: &str, known: &[IpAddr]) -> Result<Option<Addresses>, NetError> {
        let (v4, v6) = tokio::join!(self.v4.lookup_ip(name), self.v6.lookup_ip(name));
        let addresses = |found: LookupIp| Addresses {
            ips: found.iter().collect(),
            until: found.valid_until(),
        };
        let v4 = present(v4).map(|found| found.map(addresses));
        let v6 = present(v6).map(|found| found.map(addresses));
        merge(v4, v6, known, crate::clock::now())
    }
}

/// The addresses of both families. Of one that cannot be looked up, those that were known before stay, and it
/// is asked for again soon.
fn merge(
    v4: Result<Option<Addresses>, NetError>,
    v6: Result<Option<Addresses>, NetError>,
    known: &[IpAddr],
    now: Instant,
) -> Result<Option<Addresses>, NetError> {
    let (found, error, is_lacking): (_, _, fn(&IpAddr) -> bool) = match (v4, v6) {
        (Ok(v4), Ok(v6)) => return Ok(join(v4, v6)),
        (Err(error), Err(_)) => return Err(error),
        (Ok(found), Err(error)) => (found, error, IpAddr::is_ipv6),
        (Err(error), Ok(found)) => (found, error, IpAddr::is_ipv4),
    };
    let ips: Vec<IpAddr> = known.iter().copied().filter(is_lacking).collect();
    let kept = (!ips.is_empty()).then_some(Addresses { ips, until: now });
    // Where nothing of the other is known, nobody knows whether there is anything.
    join(found, kept).map_or(Err(error), |all| Ok(Some(all)))
}

fn join(one: Option<Addresses>, other: Option<Addresses>) -> Option<Addresses> {
    match (one, other) {
        (Some(mut one), Some(other)) => {
            one.ips.extend(other.ips);
            one.until = one.until.min(other.until);
            Some(one)
        }
        (one, other) => one.or(other),
    }
}

fn resolver(servers: &[SocketAddr], family: LookupIpStrategy) -> io::Result<TokioResolver> {
    let provider = TokioRuntimeProvider::default();
    let mut builder = if servers.is_empty() {
        TokioResolver::builder(provider).map_err(io::Error::other)?
    } else {
        let servers = servers.iter().map(|server| name_server(*server)).collect();
        let config = ResolverConfig::from_name_servers(servers);
        TokioResolver::builder_with_config(config, provider)
    };
    set_options(builder.options_mut());
    builder.options_mut().ip_strategy = family;
    builder.build().map_err(io::Error::other)
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
            known: HashMap::new(),
        }
    }

    /// Looks once. A target of a service that has no address is left out; if one cannot be looked
    /// up, nobody knows whether it has.
    pub(super) async fn look(&mut self) -> Result<Answer, NetError> {
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

    /// The addresses that were known of a name.
    fn known(&self, name: &str) -> Vec<IpAddr> {
        self.known.get(name).cloned().unwrap_or_default()
    }

    async fn look_for_addresses(&mut self) -> Result<Option<Answer>, NetError> {
        let known = self.known(&self.host);
        let Some(addresses) = self.names.addresses(&self.host, &known).await? else {
            self.known.clear();
            return Ok(None);
        };
        let answer = Answer {
            found: endpoints(&addresses, self.port, Rank::default()).collect(),
            until: addresses.until,
        };
        self.known = HashMap::from([(self.host.clone(), addresses.ips)]);
        Ok(Some(answer))
    }

    async fn look_for_service(&mut self) -> Result<Option<Answer>, NetError> {
        let Some(found) = present(self.names.v4.srv_lookup(&*self.host).await)? else {
            self.known.clear();
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
            let name = target.target.to_string();
            let known = self.known(&name);
            looking.spawn(async move {
                let addresses = names.addresses(&name, &known).await?;
                Ok((addresses, target, name))
            });
        }
        let mut known = HashMap::new();
        let mut answer = Answer {
            found: Vec::new(),
            until: found.valid_until(),
        };
        while let Some(looked) = looking.join_next().await {
            let looked: Result<_, NetError> = looked.unwrap_or_else(|e| Err(e.to_string().into()));
            if let (Some(addresses), target, name) = looked? {
                answer.until = answer.until.min(addresses.until);
                let found = endpoints(&addresses, target.port, rank(&target));
                answer.found.extend(found);
                known.insert(name, addresses.ips);
            }
        }
        self.known = known;
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

#[cfg(test)]
mod tests {
    use super::*;

    const V4: [u8; 4] = [10, 0, 0, 1];
    const OLD_V4: [u8; 4] = [10, 0, 0, 9];
    const V6: [u16; 8] = [0xfd00, 0, 0, 0, 0, 0, 0, 1];

    fn found(ips: &[IpAddr], until: Instant) -> Result<Option<Addresses>, NetError> {
        let ips = ips.to_vec();
        Ok(Some(Addresses { ips, until }))
    }

    fn failed() -> Result<Option<Addresses>, NetError> {
        Err(NetError::from("SERVFAIL"))
    }

    #[test]
    fn a_family_that_cannot_be_looked_up_is_kept() {
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        let known = [OLD_V4.into(), V6.into()];
        let merged = |v4, v6| {
            let all = merge(v4, v6, &known, now).ok()?;
            Some(all.map_or((Vec::new(), now), |all| (all.ips, all.until)))
        };
        let (v4, v6) = (IpAddr::from(V4), IpAddr::from(V6));
        let one = |ip: IpAddr| found(&[ip], later);
        assert_eq!(merged(one(v4), one(v6)), Some((vec![v4, v6], later)));
        assert_eq!(merged(one(v4), failed()), Some((vec![v4, v6], now)));
        let old = vec![v6, OLD_V4.into()];
        assert_eq!(merged(failed(), one(v6)), Some((old, now)));
        // That there is nothing is an answer.
        assert_eq!(merged(one(v4), Ok(None)), Some((vec![v4], later)));
        assert_eq!(merged(Ok(None), failed()), Some((vec![v6], now)));
        assert_eq!(merged(Ok(None), Ok(None)), Some((vec![], now)));
        assert_eq!(merged(failed(), failed()), None);
    }

    #[test]
    fn a_family_of_which_nothing_was_known_costs_the_other_nothing() {
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        let all = merge(found(&[V4.into()], later), failed(), &[], now);
        let all = all.ok().flatten().expect("an address");
        assert_eq!((all.ips, all.until), (vec![V4.into()], later));
        assert!(merge(Ok(None), failed(), &[], now).is_err());
    }
}
