//! What a field is to a hop, by its name.

/// What a field is to a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// Whatever goes from end to end.
    Other,
    /// `Host`.
    Host,
    /// `Content-Length`.
    Length,
    /// `Transfer-Encoding`.
    Coding,
    /// `Connection`.
    Connection,
    /// `TE`.
    Te,
    /// `Expect`.
    Expect,
    /// Of one hop: `Keep-Alive`, `Proxy-Connection`, `Upgrade` (RFC 9110, 7.6.1 and 7.8).
    Hop,
    /// Where a request came from, as others say: `Forwarded` (RFC 7239), `X-Forwarded-For`,
    /// `X-Forwarded-Host`, `X-Forwarded-Proto`.
    Origin,
    /// `Date`.
    Date,
    /// Who asks: `Authorization`, `Proxy-Authorization`.
    Credentials,
}

impl Role {
    /// The role of a field of that name, which is compared without regard to case. Most names differ from
    /// all of these in their length or their first letter.
    #[must_use]
    #[inline]
    pub fn of(name: &[u8]) -> Self {
        let first = name.first().map_or(0, u8::to_ascii_lowercase);
        match (name.len(), first) {
            (2, b't') if is(name, b"te") => Self::Te,
            (4, b'h') if is(name, b"host") => Self::Host,
            (4, b'd') if is(name, b"date") => Self::Date,
            (6, b'e') if is(name, b"expect") => Self::Expect,
            (7, b'u') if is(name, b"upgrade") => Self::Hop,
            (9, b'f') if is(name, b"forwarded") => Self::Origin,
            (10, b'c') if is(name, b"connection") => Self::Connection,
            (10, b'k') if is(name, b"keep-alive") => Self::Hop,
            (13, b'a') if is(name, b"authorization") => Self::Credentials,
            (14, b'c') if is(name, b"content-length") => Self::Length,
            (15, b'x') if is(name, b"x-forwarded-for") => Self::Origin,
            (16, b'p') if is(name, b"proxy-connection") => Self::Hop,
            (16, b'x') if is(name, b"x-forwarded-host") => Self::Origin,
            (17, b't') if is(name, b"transfer-encoding") => Self::Coding,
            (17, b'x') if is(name, b"x-forwarded-proto") => Self::Origin,
            (19, b'p') if is(name, b"proxy-authorization") => Self::Credentials,
            _ => Self::Other,
        }
    }
}

/// Whether the name is that one, which has small letters: all of it is compared at once.
#[inline]
fn is<const LENGTH: usize>(name: &[u8], other: &[u8; LENGTH]) -> bool {
    let Some(name) = name.first_chunk::<LENGTH>() else {
        return false;
    };
    let mut differs = 0;
    for (byte, other) in name.iter().zip(other) {
        let case = if other.is_ascii_lowercase() { 0x20 } else { 0 };
        differs |= (byte | case) ^ other;
    }
    differs == 0
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles(u16);

impl Roles {
    /// Whether a role is in it.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u16) != 0
    }

    /// Whether it has none but these.
    #[must_use]
    pub const fn are_among(self, all: Self) -> bool {
        self.0 & !all.0 == 0
    }

    /// These roles.
    #[must_use]
    pub const fn of(roles: &[Role]) -> Self {
        let mut all = Self(0);
        let mut rest = roles;
        while let Some((role, after)) = rest.split_first() {
            all.add(*role);
            rest = after;
        }
        all
    }

    pub(super) const fn add(&mut self, role: Role) {
        self.0 |= 1 << role as u16;
    }
}
