//! The requests of one connection that wait for their replies.

use crate::wire::Order;
use std::collections::{HashMap, VecDeque};

/// Requests, by their place among the client's.
#[derive(Debug)]
pub(super) enum Pending {
    ById(HashMap<u32, usize>),
    InOrder(VecDeque<usize>),
}

impl Pending {
    pub(super) fn new(order: Order) -> Self {
        match order {
            Order::Ids(_) => Self::ById(HashMap::new()),
            Order::Requests => Self::InOrder(VecDeque::new()),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::ById(waiting) => waiting.len(),
            Self::InOrder(waiting) => waiting.len(),
        }
    }

    pub(super) fn add(&mut self, id: u32, place: usize) {
        match self {
            Self::ById(waiting) => {
                waiting.insert(id, place);
            }
            Self::InOrder(waiting) => waiting.push_back(place),
        }
    }

    /// The request that a reply with this id answers.
    pub(super) fn answered(&mut self, id: u32) -> Option<usize> {
        match self {
            Self::ById(waiting) => waiting.remove(&id),
            Self::InOrder(waiting) => waiting.pop_front(),
        }
    }

    /// All that are left.
    pub(super) fn take(&mut self) -> Vec<usize> {
        match self {
            Self::ById(waiting) => waiting.drain().map(|(_, place)| place).collect(),
            Self::InOrder(waiting) => waiting.drain(..).collect(),
        }
    }
}
