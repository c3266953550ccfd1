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
}

impl Role {
    /// The role of a field of that name, which is compared without regard to case.
    #[must_use]
    #[inline]
    pub fn of(name: &str) -> Self {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match name.len() {
            2 if is("te") => Self::Te,
            4 if is("host") => Self::Host,
            4 if is("date") => Self::Date,
            6 if is("expect") => Self::Expect,
            7 if is("upgrade") => Self::Hop,
            9 if is("forwarded") => Self::Origin,
            10 if is("connection") => Self::Connection,
            10 if is("keep-alive") => Self::Hop,
            14 if is("content-length") => Self::Length,
            15 if is("x-forwarded-for") => Self::Origin,
            16 if is("proxy-connection") => Self::Hop,
            16 if is("x-forwarded-host") => Self::Origin,
            17 if is("transfer-encoding") => Self::Coding,
            17 if is("x-forwarded-proto") => Self::Origin,
            _ => Self::Other,
        }
    }
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
