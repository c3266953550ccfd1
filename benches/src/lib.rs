//! Benchmarks, one a stage, and what they share.
