//! The commands that have an operation of their own: redis' documented ones.
//!
//! | column | what it says |
//! |---|---|
//! | [`read`] or [`write`](write()) | whether it may be carried out twice |
//! | name | of the operation, and in the field `name` |
//! | key | where its first key is |
//! | [`replay`], [`exclusive`], [`bound`] | what it needs of its connection |
//! | [`secret`](Command::secret) | whether its arguments must not be shown |
//! | [`with_subcommands`](Command::with_subcommands) | how many of the next rows are those of its subcommands that need something else |

use gatewright_core::codec::{Needs, Retry};
use gatewright_core::message::Value;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) key: KeyAt,
    pub(super) retry: Retry,
    pub(super) needs: Needs,
    /// Its arguments are passwords, or may be.
    pub(super) secret: bool,
    /// So many of the next rows are subcommands of it.
    pub(super) subcommands: u16,
}

/// Where a command has its first key. Arguments are counted from 1, as redis does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyAt {
    /// Nowhere, or where only the other arguments tell.
    None,
    /// It is this argument.
    Arg(usize),
    /// This argument counts the keys behind it.
    Counted(usize),
}

impl KeyAt {
    /// The first key among the arguments of a command, its name not counted.
    pub(super) fn find(self, args: &[Value]) -> Option<&Value> {
        match self {
            Self::None => None,
            Self::Arg(at) => args.get(at.checked_sub(1)?),
            Self::Counted(at) => {
                let count = args.get(at.checked_sub(1)?)?.as_bytes()?;
                args.get(at).filter(|_| is_positive(count))
            }
        }
    }
}

/// Whether the text is a number of keys that is not zero.
fn is_positive(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit) && text.iter().any(|digit| *digit != b'0')
}

const fn row(name: &'static str, key: KeyAt) -> Command {
    Command {
        name,
        key,
        retry: Retry::IfUnsent,
        needs: Needs::Nothing,
        secret: false,
        subcommands: 0,
    }
}

/// A command that changes something, its first key at `key` (0: it has none).
const fn write(name: &'static str, key: usize) -> Command {
    match key {
        0 => row(name, KeyAt::None),
        at => row(name, KeyAt::Arg(at)),
    }
}

/// A command that changes nothing.
const fn read(name: &'static str, key: usize) -> Command {
    Command {
        retry: Retry::Idempotent,
        ..write(name, key)
    }
}

/// A command that says what the connection does later.
const fn replay(name: &'static str) -> Command {
    Command {
        needs: Needs::Replay,
        ..write(name, 0)
    }
}

/// A command that may block.
const fn exclusive(name: &'static str, key: usize) -> Command {
    Command {
        needs: Needs::Exclusive,
        ..write(name, key)
    }
}

/// A command after which the connection is the client's own.
const fn bound(name: &'static str, key: usize) -> Command {
    Command {
        needs: Needs::Bound,
        ..write(name, key)
    }
}

impl Command {
    /// The same command, its keys counted by the argument at `at`.
    const fn counted(self, at: usize) -> Self {
        Self {
            key: KeyAt::Counted(at),
            ..self
        }
    }

    /// The same command, and behind it as many rows for subcommands. Those that have no row need
    /// what it needs.
    const fn with_subcommands(self, rows: u16) -> Self {
        Self {
            subcommands: rows,
            ..self
        }
    }

    /// The words that it starts with on the wire: one, or two for a subcommand, which redis, too,
    /// names with a bar between them.
    pub(super) fn words(&self) -> impl Iterator<Item = &'static [u8]> + Clone {
        self.name.split('|').map(str::as_bytes)
    }

    const fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }
}

/// All of them, by the groups of redis' documentation.
pub(super) const COMMANDS: &[Command] = &[
    // Bitmaps, strings.
    read("bitcount", 1),
    write("bitfield", 1),
    read("bitfield_ro", 1),
    write("bitop", 2),
    read("bitpos", 1),
    read("getbit", 1),
    write("setbit", 1),
    write("append", 1),
    write("decr", 1),
    write("decrby", 1),
    read("get", 1),
    write("getdel", 1),
    write("getex", 1),
    read("getrange", 1),
    write("getset", 1),
    write("incr", 1),
    write("incrby", 1),
    write("incrbyfloat", 1),
    read("lcs", 1),
    read("mget", 1),
    write("mset", 1),
    write("msetnx", 1),
    write("psetex", 1),
    write("set", 1),
    write("setex", 1),
    write("setnx", 1),
    write("setrange", 1),
    read("strlen", 1),
    read("substr", 1),
    // Keys.
    write("copy", 1),
    write("del", 1),
    read("dump", 1),
    read("exists", 1),
    write("expire", 1),
    write("expireat", 1),
    read("expiretime", 1),
    read("keys", 0),
    write("migrate", 3).secret(),
    write("move", 1),
    read("object", 2),
    write("persist", 1),
    write("pexpire", 1),
    write("pexpireat", 1),
    read("pexpiretime", 1),
    read("pttl", 1),
    read("randomkey", 0),
    write("rename", 1),
    write("renamenx", 1),
    write("restore", 1),
    write("restore-asking", 1),
    read("scan", 0),
    write("sort", 1),
    read("sort_ro", 1),
    read("touch", 1),
    read("ttl", 1),
    read("type", 1),
    write("unlink", 1),
    // Geospatial indices.
    write("geoadd", 1),
    read("geodist", 1),
    read("geohash", 1),
    read("geopos", 1),
    write("georadius", 1),
    read("georadius_ro", 1),
    write("georadiusbymember", 1),
    read("georadiusbymember_ro", 1),
    read("geosearch", 1),
    write("geosearchstore", 1),
    // Hashes.
    write("hdel", 1),
    read("hexists", 1),
    write("hexpire", 1),
    write("hexpireat", 1),
    read("hexpiretime", 1),
    read("hget", 1),
    read("hgetall", 1),
    write("hgetdel", 1),
    write("hgetex", 1),
    write("hincrby", 1),
    write("hincrbyfloat", 1),
    read("hkeys", 1),
    read("hlen", 1),
    read("hmget", 1),
    write("hmset", 1),
    write("hpersist", 1),
    write("hpexpire", 1),
    write("hpexpireat", 1),
    read("hpexpiretime", 1),
    read("hpttl", 1),
    read("hrandfield", 1),
    read("hscan", 1),
    write("hset", 1),
    write("hsetex", 1),
    write("hsetnx", 1),
    read("hstrlen", 1),
    read("httl", 1),
    read("hvals", 1),
    // HyperLogLog.
    write("pfadd", 1),
    read("pfcount", 1),
    write("pfmerge", 1),
    // Lists.
    exclusive("blmove", 1),
    exclusive("blmpop", 0).counted(2),
    exclusive("blpop", 1),
    exclusive("brpop", 1),
    exclusive("brpoplpush", 1),
    read("lindex", 1),
    write("linsert", 1),
    read("llen", 1),
    write("lmove", 1),
    write("lmpop", 0).counted(1),
    write("lpop", 1),
    read("lpos", 1),
    write("lpush", 1),
    write("lpushx", 1),
    read("lrange", 1),
    write("lrem", 1),
    write("lset", 1),
    write("ltrim", 1),
    write("rpop", 1),
    write("rpoplpush", 1),
    write("rpush", 1),
    write("rpushx", 1),
    // Sets.
    write("sadd", 1),
    read("scard", 1),
    read("sdiff", 1),
    write("sdiffstore", 1),
    read("sinter", 1),
    read("sintercard", 0).counted(1),
    write("sinterstore", 1),
    read("sismember", 1),
    read("smembers", 1),
    read("smismember", 1),
    write("smove", 1),
    write("spop", 1),
    read("srandmember", 1),
    write("srem", 1),
    read("sscan", 1),
    read("sunion", 1),
    write("sunionstore", 1),
    // Sorted sets.
    exclusive("bzmpop", 0).counted(2),
    exclusive("bzpopmax", 1),
    exclusive("bzpopmin", 1),
    write("zadd", 1),
    read("zcard", 1),
    read("zcount", 1),
    read("zdiff", 0).counted(1),
    write("zdiffstore", 1),
    write("zincrby", 1),
    read("zinter", 0).counted(1),
    read("zintercard", 0).counted(1),
    write("zinterstore", 1),
    read("zlexcount", 1),
    write("zmpop", 0).counted(1),
    read("zmscore", 1),
    write("zpopmax", 1),
    write("zpopmin", 1),
    read("zrandmember", 1),
    read("zrange", 1),
    read("zrangebylex", 1),
    read("zrangebyscore", 1),
    write("zrangestore", 1),
    read("zrank", 1),
    write("zrem", 1),
    write("zremrangebylex", 1),
    write("zremrangebyrank", 1),
    write("zremrangebyscore", 1),
    read("zrevrange", 1),
    read("zrevrangebylex", 1),
    read("zrevrangebyscore", 1),
    read("zrevrank", 1),
    read("zscan", 1),
    read("zscore", 1),
    read("zunion", 0).counted(1),
    write("zunionstore", 1),
    // Streams. Those with BLOCK may block; only their arguments tell where the keys are.
    write("xack", 1),
    write("xadd", 1),
    write("xautoclaim", 1),
    write("xclaim", 1),
    write("xdel", 1),
    write("xgroup", 2),
    read("xinfo", 2),
    read("xlen", 1),
    read("xpending", 1),
    read("xrange", 1),
    exclusive("xread", 0),
    exclusive("xreadgroup", 0),
    read("xrevrange", 1),
    write("xsetid", 1),
    write("xtrim", 1),
    // Scripts. `script debug` changes what the connection's next `eval` does.
    write("eval", 0).counted(2),
    write("eval_ro", 0).counted(2),
    write("evalsha", 0).counted(2),
    write("evalsha_ro", 0).counted(2),
    write("fcall", 0).counted(2),
    write("fcall_ro", 0).counted(2),
    write("function", 0),
    bound("script", 0).with_subcommands(4),
    read("script|exists", 0),
    write("script|flush", 0),
    write("script|kill", 0),
    write("script|load", 0),
    // Publish and subscribe.
    bound("psubscribe", 0),
    write("publish", 0),
    read("pubsub", 0),
    bound("punsubscribe", 0),
    write("spublish", 0),
    bound("ssubscribe", 0),
    bound("subscribe", 0),
    bound("sunsubscribe", 0),
    bound("unsubscribe", 0),
    // Transactions.
    bound("discard", 0),
    bound("exec", 0),
    bound("multi", 0),
    bound("unwatch", 0),
    bound("watch", 1),
    // The connection itself. `client` names it, tracks keys for it, silences its replies; what many
    // libraries say of themselves when they connect changes nothing for others.
    replay("auth").secret(),
    bound("client", 0).with_subcommands(7),
    read("client|help", 0),
    write("client|kill", 0),
    read("client|list", 0),
    write("client|pause", 0),
    write("client|setinfo", 0),
    write("client|unblock", 0),
    write("client|unpause", 0),
    read("echo", 0),
    replay("hello").secret(),
    read("ping", 0),
    bound("quit", 0),
    bound("reset", 0),
    replay("select"),
    // Cluster.
    bound("asking", 0),
    write("cluster", 0),
    bound("readonly", 0),
    bound("readwrite", 0),
    // The server.
    write("acl", 0).secret(),
    write("bgrewriteaof", 0),
    write("bgsave", 0),
    read("command", 0),
    write("config", 0).secret(),
    read("dbsize", 0),
    exclusive("debug", 0),
    exclusive("failover", 0),
    write("flushall", 0),
    write("flushdb", 0),
    read("info", 0),
    read("lastsave", 0),
    write("latency", 0),
    read("lolwut", 0),
    write("memory", 2),
    write("module", 0),
    bound("monitor", 0),
    bound("psync", 0),
    bound("replconf", 0),
    write("replicaof", 0),
    read("role", 0),
    write("save", 0),
    exclusive("shutdown", 0),
    write("slaveof", 0),
    write("slowlog", 0),
    write("swapdb", 0),
    bound("sync", 0),
    read("time", 0),
    // What they wait for is the writes of the connection that they come on.
    bound("wait", 0),
    bound("waitaof", 0),
];
