//! A gateway whose clients speak HTTP, linked in.

use super::in_time;
use super::metrics::Metrics;
use gatewright::{Gateway, Running};
use std::net::SocketAddr;

/// Where `what` begins in `buf`.
pub(crate) fn find(buf: &[u8], what: &[u8]) -> Option<usize> {
    buf.windows(what.len()).position(|window| window == what)
}

/// A gateway with one listener. Nearly all requests go to the upstream's `/up`, body and all, and answers
/// come back as they are.
pub(crate) struct WebGateway(Option<Running>);

impl WebGateway {
    pub(crate) async fn start(url: &str, limits: &str, keys: &str) -> Self {
        let text = format!(
            "[gateway]\nworkers = 1\n[gateway.drain]\nspread = \"0s\"\ndeadline = \"20s\"\n\
             [admin]\nhttp = \"127.0.0.1:0\"\n\
             [listeners.front]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"http\"\nlimits = {{ {limits} }}\n{keys}\n\
             [upstreams.backend]\nurl = \"{url}\"\ntimeout = \"1h\"\n\
             [[routes]]\nname = \"slow\"\nfrom = \"front\"\noperation = \"* /slow\"\nto = \"backend\"\n\
             timeout = \"300ms\"\nrequest.post = \"/slow\"\nreply = [{{ on = \"timeout\", status = 504 }}, {{ on = \"*\", status = 502 }}]\n\
             [[routes]]\nname = \"told\"\nfrom = \"front\"\noperation = \"GET /x/{{rest...}}\"\nto = \"backend\"\n\
             request.post = \"/up/{{path.rest}}\"\nrequest.headers = {{ x-cookie = \"{{headers['cookie']}}\", x-host = \"{{host}}\" }}\n\
             reply = [{{ on = \"*\", status = 200 }}]\n\
             [[routes]]\nname = \"all\"\nfrom = \"front\"\noperation = \"* /{{path...}}\"\nto = \"backend\"\n\
             request.post = \"/up/{{path.path}}\"\nrequest.body = \"{{body}}\"\n\
             reply = [{{ on = \"2xx\", status = 200, headers = {{ x-from = \"up\" }}, body = \"{{body}}\" }}, {{ on = \"*\", status = 502 }}]\n"
        );
        let builder = Gateway::builder().config_text("http.toml", text);
        let starting = tokio::task::spawn_blocking(move || {
            let gateway = builder.load().unwrap_or_else(|found| panic!("{found:#?}"));
            gateway.start().expect("a free port")
        });
        Self(Some(starting.await.expect("a gateway")))
    }

    fn running(&self) -> &Running {
        self.0.as_ref().expect("a running gateway")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running().address("front").expect("a listener")
    }

    /// Waits until it has counted an end of a connection for this reason.
    pub(crate) async fn until_closed(&self, reason: &str) {
        let admin = self.running().addresses().admin.expect("an address");
        let labels = [("reason", reason)];
        let name = "gatewright_connections_closed_total";
        let counted = async { while Metrics::scrape(admin).await.sum(name, &labels) < 1.0 {} };
        in_time(format!("an end by {reason}"), counted).await;
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) async fn stop(&mut self) -> gatewright::Outcome {
        let running = self.0.take().expect("a running gateway");
        let stopping = tokio::task::spawn_blocking(move || running.stop());
        stopping.await.expect("an end")
    }
}
