//! Budgets, one file each: what they bound, in which unit, and the memory that they allow.

mod addresses;
mod deadlines;
mod retry_budget;
mod small_pieces;
mod tries;
mod window;

pub use addresses::{Addresses, Network};
pub use deadlines::{Deadline, Deadlines};
pub use retry_budget::RetryBudget;
pub use small_pieces::{Allowance, Pace, SMALL_PIECE};
pub use tries::{Late, Stage, TryLimits};
pub use window::Window;
