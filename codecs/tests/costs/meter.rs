//! Time and memory of a piece of work, and definitions from memory.

use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::{Definition, Refused, protocol};
use gatewright_core::codec::Protocol;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The most memory that may be taken at a time.
const MEMORY: u64 = 64 << 20;

/// The most time that this thread may compute: a second, and much more where nothing is optimised, as some
/// machines are slow. What is not cheap takes minutes.
const TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 1 });

/// Does something that must be cheap, or says what it took.
pub(crate) fn cheap<T>(name: &str, work: impl FnOnce() -> T) -> Result<T, String> {
    let mut result = None;
    let before = computed();
    let memory = allocation_counter::measure(|| result = Some(work())).bytes_max;
    let took = computed().saturating_sub(before);
    if took > TIME || memory > MEMORY {
        return Err(format!("{name} took {took:?} and {memory} bytes"));
    }
    Ok(result.expect("it was done"))
}

/// How long this thread has computed. What others do meanwhile does not count.
#[cfg(target_os = "linux")]
fn computed() -> Duration {
    let told =
        std::fs::read_to_string("/proc/thread-self/schedstat").expect("a kernel that counts");
    let nanoseconds = told.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("nanoseconds"))
}

#[cfg(not(target_os = "linux"))]
fn computed() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// Files whose text follows from their path.
struct Made<F>(F);

impl<F: Fn(&Path) -> Option<String>> Sources for Made<F> {
    fn read(&self, path: &Path, limit: usize) -> Result<String, Unreadable> {
        let text = (self.0)(path).ok_or(Unreadable::Missing)?;
        match text.len() > limit {
            true => Err(Unreadable::TooLarge),
            false => Ok(text),
        }
    }
}

const PATH: &str = "it.ksy";

/// Loads a definition whose imports are made on demand.
pub(crate) fn load_made(text: impl Fn(&Path) -> Option<String>) -> Result<Definition, Refused> {
    Definition::load(Path::new(PATH), &Made(text), &[])
}

pub(crate) fn load(text: &str) -> Result<Definition, Refused> {
    load_made(|path| (path == Path::new(PATH)).then(|| text.to_owned()))
}

pub(crate) fn protocol(text: &str) -> Result<Arc<dyn Protocol>, Refused> {
    let files = Made(|path: &Path| (path == Path::new(PATH)).then(|| text.to_owned()));
    protocol::load(Path::new(PATH), &files, &[]).map(|loaded| loaded.protocol)
}

/// A definition that must be good.
pub(crate) fn good(name: &str, text: &str) -> Definition {
    load(text).unwrap_or_else(|why| panic!("{name}: {}", reason(&why)))
}

/// The first fault.
pub(crate) fn reason(why: &Refused) -> String {
    match why {
        Refused::Unreadable(why) => why.to_string(),
        Refused::Faulty { findings, .. } => {
            let first = findings.all().first();
            first.map_or_else(String::new, |fault| {
                format!("{}: {}", fault.path, fault.message)
            })
        }
    }
}
