//! Endpoints as this worker knows them: fixed, or coming and going.

use super::{Carrier, Upstream};
use crate::clock;
use crate::discovery::Roster;
use gatewright_config::plan::{Endpoint, EndpointKind};
use gatewright_core::pool::{ConnId, Found};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::sync::watch;

impl Upstream {
    /// Follows what is found from now on.
    pub(crate) fn start_following(self: &Rc<Self>, mut roster: watch::Receiver<Roster>) {
        let first = Roster::clone(&roster.borrow_and_update());
        self.follow(&first);
        let upstream = Rc::clone(self);
        tokio::task::spawn_local(async move {
            while roster.changed().await.is_ok() {
                let found = Roster::clone(&roster.borrow_and_update());
                upstream.follow(&found);
            }
        });
    }

    fn follow(self: &Rc<Self>, found: &[Found]) {
        self.change_pool(|pool| pool.follow(found, clock::now()));
    }

    pub(super) fn arrived(self: &Rc<Self>, index: usize) {
        let Some(address) = self.found_at(index) else {
            return;
        };
        tracing::info!(upstream = self.name(), endpoint = index, %address, "an endpoint is there");
        let template = self.plan.endpoints.first();
        {
            let mut targets = self.targets.borrow_mut();
            let places = targets.len().max(index + 1);
            targets.resize(places, None);
            targets[index] = template.map(|template| template.found(address));
        }
        self.metrics.arrived(index);
        self.start_check(index);
    }

    pub(super) fn left(&self, index: usize) {
        tracing::info!(
            upstream = self.name(),
            endpoint = index,
            "an endpoint is gone"
        );
        let target = self
            .targets
            .borrow_mut()
            .get_mut(index)
            .and_then(Option::take);
        if let Some(target) = target {
            self.dialler.forget(&target);
        }
        self.stop_check(index);
        self.metrics.left(index);
    }

    /// Where an endpoint was found.
    pub(super) fn found_at(&self, index: usize) -> Option<SocketAddr> {
        self.state.borrow().pool.address(index)
    }

    /// Where an endpoint is, while it is there.
    pub(super) fn target(&self, index: usize) -> io::Result<Endpoint> {
        let targets = self.targets.borrow();
        let target = targets.get(index).and_then(Option::clone);
        target.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the endpoint is gone"))
    }

    /// An endpoint as the log tells of it.
    pub(super) fn shown(&self, index: usize) -> String {
        let target = self.target(index).map(|target| target.to_string());
        target.unwrap_or_else(|gone| gone.to_string())
    }

    /// The endpoints that are there, by index.
    pub(super) fn known_endpoints(&self) -> Vec<usize> {
        let targets = self.targets.borrow();
        let known = targets.iter().enumerate();
        let known = known.filter(|(_, target)| target.is_some());
        known.map(|(index, _)| index).collect()
    }

    /// What all of them are spoken to in.
    pub(super) fn kind(&self) -> EndpointKind {
        let first = self.plan.endpoints.first();
        first.map_or(EndpointKind::Stream, Endpoint::kind)
    }

    /// Lets the task of a connection know that nothing new is begun on it.
    pub(super) fn mark_retiring(&self, id: ConnId) {
        let state = &mut *self.state.borrow_mut();
        match state.connected(id).map(|connected| &mut connected.carrier) {
            Some(Carrier::Http(http)) => {
                http.retiring = true;
                http.driver.wake_by_ref();
            }
            Some(Carrier::Native(link)) => link.retire(),
            None => {}
        }
    }
}
