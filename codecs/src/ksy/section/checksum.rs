//! Checksums: one row an algorithm. Values come from the catalogue of parametrised CRC algorithms,
//! <https://reveng.sourceforge.io/crc-catalogue/>.

use crc::{
    CRC_8_SMBUS, CRC_16_ARC, CRC_16_IBM_3740, CRC_16_IBM_SDLC, CRC_16_KERMIT, CRC_16_MODBUS,
    CRC_16_XMODEM, CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_XZ, Crc, Table,
};

/// A way to compute a checksum.
#[derive(Debug)]
pub struct Algorithm {
    /// As definitions name it.
    pub name: &'static str,
    /// How many bits its value has.
    pub bits: u8,
    /// What it is and who uses it.
    pub doc: &'static str,
    /// As how many decimal digits of text the value is written, where it is.
    pub digits: Option<usize>,
    run: fn(&mut dyn Iterator<Item = &[u8]>) -> u64,
}

impl Algorithm {
    /// The value of these bytes.
    #[must_use]
    pub fn compute(&self, bytes: &[u8]) -> u64 {
        self.of_parts([bytes])
    }

    /// The value of bytes that stand in several places.
    pub fn of_parts<'b>(&self, parts: impl IntoIterator<Item = &'b [u8]>) -> u64 {
        (self.run)(&mut parts.into_iter())
    }
}

/// The algorithm of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|row| row.name == name)
}

macro_rules! crcs {
    ($($fn:ident = $algorithm:ident: $width:ty;)*) => {
        $(fn $fn(parts: &mut dyn Iterator<Item = &[u8]>) -> u64 {
            static TABLE: Crc<$width, Table<1>> = Crc::<$width, Table<1>>::new(&$algorithm);
            let mut digest = TABLE.digest();
            parts.for_each(|part| digest.update(part));
            u64::from(digest.finalize())
        })*
    };
}

crcs! {
    crc8 = CRC_8_SMBUS: u8;
    crc16_arc = CRC_16_ARC: u16;
    crc16_ccitt_false = CRC_16_IBM_3740: u16;
    crc16_kermit = CRC_16_KERMIT: u16;
    crc16_modbus = CRC_16_MODBUS: u16;
    crc16_x25 = CRC_16_IBM_SDLC: u16;
    crc16_xmodem = CRC_16_XMODEM: u16;
    crc32 = CRC_32_ISO_HDLC: u32;
    crc32c = CRC_32_ISCSI: u32;
    crc64_xz = CRC_64_XZ: u64;
}

/// All algorithms. `crc16-ccitt` is what most protocols that say so mean: the one of the catalogue
/// that is named KERMIT and starts with zero; `crc16-ccitt-false` starts with ones.
pub const ALGORITHMS: &[Algorithm] = &[
    crc(
        "crc8",
        8,
        "CRC-8 with the polynomial 0x07 (SMBus, ATM)",
        crc8,
    ),
    crc("crc16-arc", 16, "CRC-16/ARC (LHA, IBM)", crc16_arc),
    crc(
        "crc16-ccitt",
        16,
        "CRC-16/KERMIT, the polynomial of CCITT (V.41) with bits reflected, from zero",
        crc16_kermit,
    ),
    crc(
        "crc16-ccitt-false",
        16,
        "CRC-16/IBM-3740, the polynomial of CCITT from 0xffff, bits as they are",
        crc16_ccitt_false,
    ),
    crc("crc16-modbus", 16, "CRC-16/MODBUS", crc16_modbus),
    crc(
        "crc16-x25",
        16,
        "CRC-16/IBM-SDLC (X.25, HDLC, PPP)",
        crc16_x25,
    ),
    crc(
        "crc16-xmodem",
        16,
        "CRC-16/XMODEM, the polynomial of CCITT from zero, bits as they are",
        crc16_xmodem,
    ),
    crc("crc32", 32, "CRC-32/ISO-HDLC (Ethernet, zip, PNG)", crc32),
    crc(
        "crc32c",
        32,
        "CRC-32/ISCSI (Castagnoli; SCTP, Kafka)",
        crc32c,
    ),
    crc("crc64-xz", 64, "CRC-64/XZ", crc64_xz),
    crc(
        "lrc",
        8,
        "two's complement of the sum of all bytes (Modbus ASCII)",
        lrc,
    ),
    crc("sum8", 8, "the sum of all bytes", sum8),
    Algorithm {
        digits: Some(3),
        ..crc(
            "sum8-ascii3",
            8,
            "the sum of all bytes as three decimal digits (FIX)",
            sum8,
        )
    },
    crc(
        "sum16",
        16,
        "the internet checksum: one's complement of the one's complement sum of 16 bits (RFC 1071)",
        sum16,
    ),
    crc(
        "xor8",
        8,
        "exclusive or of all bytes (JT/T 808, NMEA)",
        xor8,
    ),
];

const fn crc(
    name: &'static str,
    bits: u8,
    doc: &'static str,
    run: fn(&mut dyn Iterator<Item = &[u8]>) -> u64,
) -> Algorithm {
    Algorithm {
        name,
        bits,
        doc,
        digits: None,
        run,
    }
}

fn sum8(parts: &mut dyn Iterator<Item = &[u8]>) -> u64 {
    u64::from(parts.flatten().fold(0_u8, |sum, n| sum.wrapping_add(*n)))
}

fn lrc(parts: &mut dyn Iterator<Item = &[u8]>) -> u64 {
    let sum = parts.flatten().fold(0_u8, |sum, n| sum.wrapping_add(*n));
    u64::from(sum.wrapping_neg())
}

fn xor8(parts: &mut dyn Iterator<Item = &[u8]>) -> u64 {
    u64::from(parts.flatten().fold(0_u8, |sum, n| sum ^ *n))
}

/// Parts may end within a word, so words are put together byte by byte.
fn sum16(parts: &mut dyn Iterator<Item = &[u8]>) -> u64 {
    let mut sum: u32 = 0;
    for (at, byte) in parts.flatten().enumerate() {
        let word = u32::from(*byte) << if at % 2 == 0 { 8 } else { 0 };
        sum = sum.wrapping_add(word);
        sum = (sum & 0xffff).wrapping_add(sum >> 16);
    }
    u64::from(!sum & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, bytes: &[u8], value: u64) {
        let algorithm = find(name).unwrap();
        assert_eq!(algorithm.compute(bytes), value, "{name}");
        for at in 0..=bytes.len() {
            let (a, b) = bytes.split_at(at);
            assert_eq!(algorithm.of_parts([a, b]), value, "{name} cut at {at}");
        }
        assert!(u128::from(value) < 1 << algorithm.bits, "{name}");
    }

    #[test]
    fn check_values_are_those_of_the_catalogue() {
        let check_values = [
            ("crc8", 0xf4),
            ("crc16-arc", 0xbb3d),
            ("crc16-ccitt", 0x2189),
            ("crc16-ccitt-false", 0x29b1),
            ("crc16-modbus", 0x4b37),
            ("crc16-x25", 0x906e),
            ("crc16-xmodem", 0x31c3),
            ("crc32", 0xcbf4_3926),
            ("crc32c", 0xe306_9283),
            ("crc64-xz", 0x995d_c9bb_df19_39fa),
        ];
        for (name, value) in check_values {
            check(name, b"123456789", value);
        }
        let crcs = ALGORITHMS.iter().filter(|row| row.name.starts_with("crc"));
        assert_eq!(crcs.count(), check_values.len());
    }

    #[test]
    fn sums() {
        check("sum8", b"\xff\x02", 1);
        check(
            "sum8-ascii3",
            b"8=FIX",
            (0x38 + 0x3d + 0x46 + 0x49 + 0x58) & 0xff,
        );
        check("xor8", b"\x01\x03\xff", 0xfd);
        // Modbus over serial line 1.02, 6.2.1: the sum of a frame and its LRC is zero.
        check("lrc", b"\x11\x03\x00\x6b\x00\x03", 0x7e);
        // RFC 1071, 3: the sum is ddf2, the checksum its complement.
        check("sum16", b"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 0x220d);
        check("sum16", b"\x00\x01\xf2", 0x0dfe);
        check("sum16", b"", 0xffff);
    }

    #[test]
    fn names_stand_once() {
        for (at, row) in ALGORITHMS.iter().enumerate() {
            let first = ALGORITHMS.iter().position(|other| other.name == row.name);
            assert_eq!(first, Some(at), "{}", row.name);
        }
    }
}
