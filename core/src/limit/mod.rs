//! Budgets, one file each: what they bound, in which unit, and the memory that they allow.
