//! The gateway from outside: a process between real sockets.

mod support;

mod peers_alone;
mod proxy;

mod main_job;
mod hostile_backend;
mod cancellation;
mod audit;
mod wire_input;
mod injection;
mod backpressure;
mod relay;
mod relay_tls;
mod listener_tls;
mod http1_listener;
mod http2_listener;
mod http2_hostile;
mod quic;
mod own_protocol;
mod forward;
mod forward_in_order;
mod convert;
mod balancing;
mod native_health;
mod session_open;
mod session_gate;
mod bound;
mod heartbeats;
mod retirement;
mod discovery;
mod silence;
mod retries;
mod outage;
mod lifecycle;
mod dns_servers;
mod http_servers;
mod rest;
mod redis_forward;
mod redis_server;
mod definitions;
mod definitions_dns;
mod definitions_memcached;
mod definitions_modbus;
mod definitions_mqtt;
