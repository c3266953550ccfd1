//! How long things took, counted in buckets.
//!
//! The library's histograms keep every value until they are folded: memory that grows with the
//! traffic, and work in bursts. These are a few counters.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The bounds, each with its text in seconds. The gateway's own share is microseconds, an
/// upstream's may be anything.
const BOUNDS: [(Duration, &str); 14] = [
    (Duration::from_micros(100), "0.0001"),
    (Duration::from_micros(250), "0.00025"),
    (Duration::from_micros(500), "0.0005"),
    (Duration::from_millis(1), "0.001"),
    (Duration::from_micros(2_500), "0.0025"),
    (Duration::from_millis(5), "0.005"),
    (Duration::from_millis(10), "0.01"),
    (Duration::from_millis(25), "0.025"),
    (Duration::from_millis(50), "0.05"),
    (Duration::from_millis(100), "0.1"),
    (Duration::from_millis(250), "0.25"),
    (Duration::from_millis(500), "0.5"),
    (Duration::from_secs(1), "1"),
    (Duration::from_secs(5), "5"),
];

/// How long the exchanges of one route took.
#[derive(Debug, Default)]
pub(super) struct Durations {
    /// By the first bound that is not exceeded; the last one is for what exceeds all.
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Durations {
    /// So many took so long each.
    pub(super) fn record(&self, took: Duration, times: u32) {
        let bucket = BOUNDS.iter().take_while(|(bound, _)| took > *bound).count();
        let times = u64::from(times);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(times, Ordering::Relaxed);
        }
        let seconds = took.as_secs().saturating_mul(1_000_000_000);
        let nanos = seconds.saturating_add(u64::from(took.subsec_nanos()));
        self.nanos
            .fetch_add(nanos.saturating_mul(times), Ordering::Relaxed);
    }
}

/// The series of one metric, by their labels.
#[derive(Debug)]
pub(super) struct Histogram {
    name: &'static str,
    series: Mutex<Vec<Series>>,
}

#[derive(Debug)]
struct Series {
    labels: Vec<(&'static str, Arc<str>)>,
    durations: Arc<Durations>,
}

impl Histogram {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            series: Mutex::new(Vec::new()),
        }
    }

    /// The series with these labels: the same for all workers.
    pub(super) fn series(&self, labels: &[(&'static str, &Arc<str>)]) -> Arc<Durations> {
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |series: &&Series| {
            let labels = labels.iter().map(|(name, value)| (*name, &***value));
            labels.eq(series.labels.iter().map(|(name, value)| (*name, &**value)))
        };
        if let Some(known) = all.iter().find(named) {
            return Arc::clone(&known.durations);
        }
        let durations = Arc::new(Durations::default());
        all.push(Series {
            labels: (labels.iter())
                .map(|(name, value)| (*name, Arc::clone(value)))
                .collect(),
            durations: Arc::clone(&durations),
        });
        durations
    }
}

/// In the text format of Prometheus.
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.is_empty() {
            writeln!(f, "# TYPE {} histogram", self.name)?;
        }
        all.iter().try_for_each(|series| series.write(self.name, f))
    }
}

impl Series {
    fn write(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut labels = String::new();
        for (label, value) in &self.labels {
            write!(labels, "{label}=\"{}\",", Escaped(value))?;
        }
        let bounds = BOUNDS.iter().map(|(_, text)| *text).chain(["+Inf"]);
        let mut sum = 0_u64;
        for (bound, count) in bounds.zip(&self.durations.counts) {
            sum = sum.saturating_add(count.load(Ordering::Relaxed));
            writeln!(f, "{name}_bucket{{{labels}le=\"{bound}\"}} {sum}")?;
        }
        let labels = labels.trim_end_matches(',');
        let nanos = Duration::from_nanos(self.durations.nanos.load(Ordering::Relaxed));
        writeln!(f, "{name}_sum{{{labels}}} {}", nanos.as_secs_f64())?;
        writeln!(f, "{name}_count{{{labels}}} {sum}")
    }
}

/// A label's value, as the text format has it.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' | '"' => write!(f, "\\{c}"),
            '\n' => f.write_str("\\n"),
            _ => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up_and_labels_are_escaped() {
        let histogram = Histogram::new("h");
        assert_eq!(histogram.to_string(), "");
        let label: Arc<str> = "a\"\\\n".into();
        let series = histogram.series(&[("x", &label)]);
        let same = histogram.series(&[("x", &label)]);
        series.record(Duration::from_millis(1), 1);
        series.record(Duration::from_nanos(1_000_001), 2);
        same.record(Duration::from_secs(6), 1);
        let text = histogram.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 18, "{text}");
        for line in [
            "# TYPE h histogram",
            r#"h_bucket{x="a\"\\\n",le="0.0005"} 0"#,
            r#"h_bucket{x="a\"\\\n",le="0.001"} 1"#,
            r#"h_bucket{x="a\"\\\n",le="0.0025"} 3"#,
            r#"h_bucket{x="a\"\\\n",le="5"} 3"#,
            r#"h_bucket{x="a\"\\\n",le="+Inf"} 4"#,
            r#"h_sum{x="a\"\\\n"} 6.003000002"#,
            r#"h_count{x="a\"\\\n"} 4"#,
        ] {
            assert!(lines.contains(&line), "{line} in {text}");
        }
    }
}
