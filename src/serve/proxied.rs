//! The PROXY protocol: a balancer's first words on a connection say for whom it was opened.
//!
//! Only a trusted proxy is listened to, since these words need no proof. The header is read before
//! anything else of the connection; what came behind it is given back.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

use bytes::BytesMut;
use proxy_header::{Error, ParseConfig, ProxyHeader};
use tokio::io::AsyncReadExt;

use crate::serve::line::Line;

/// The longest header that is read: addresses, and what balancers say of the client's TLS.
const HEADER_BYTES: usize = 4 << 10;

/// Whom a header means that names nobody: no network has this address, so that none is trusted with it.
const NOBODY: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// `LOCAL` of the second version.
const LOCAL: (usize, u8) = (12, 0x20);

/// Reads the header. `None` is a connection of the proxy's own, as its health checks are; where it is
/// somebody's whom the header does not name (`UNKNOWN`, a socket in a file), it is nobody's.
pub async fn read(line: &mut Line) -> io::Result<Option<IpAddr>> {
    let mut held = BytesMut::with_capacity(256);
    loop {
        match parsed(&held) {
            Ok((told, length)) => {
                line.put_back(held.split_off(length).freeze());
                return Ok(told);
            }
            Err(Error::BufferTooShort) if held.len() < HEADER_BYTES => {}
            Err(_) => return Err(odd("the connection does not begin with a header of the PROXY protocol")),
        }
        if line.read_buf(&mut held).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn parsed(held: &[u8]) -> Result<(Option<IpAddr>, usize), Error> {
    let config = ParseConfig { include_tlvs: false, ..ParseConfig::default() };
    let (header, length) = ProxyHeader::parse(held, config)?;
    let is_local = held.first() == Some(&b'\r') && held.get(LOCAL.0) == Some(&LOCAL.1);
    let told = header.proxied_address().map_or(NOBODY, |address| address.source.ip().to_canonical());
    Ok(((!is_local).then_some(told), length))
}

fn odd(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_at_every_cut_and_only_whole() {
        let mut second = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\x08\x08\x08\x08\x0a\0\0\x01\x12\x34\x01\xbb".to_vec();
        second.extend_from_slice(b"\x04\0\0");
        for (header, told) in [
            (&b"PROXY TCP4 8.8.8.8 10.0.0.1 4660 443\r\n"[..], Some("8.8.8.8")),
            (b"PROXY UNKNOWN\r\n", Some("::")),
            (b"PROXY UNKNOWN 1.2.3.4 10.0.0.1 1 2\r\n", Some("::")),
            (&second, Some("8.8.8.8")),
            (b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", None),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0", Some("::")),
        ] {
            for cut in 0..header.len() {
                assert_eq!(parsed(&header[..cut]), Err(Error::BufferTooShort), "{header:?} at {cut}");
            }
            let whole = [header, b"GET / HTTP/1.1"].concat();
            assert_eq!(
                parsed(&whole),
                Ok((told.map(|told: &str| told.parse().expect(told)), header.len())),
                "{header:?}"
            );
        }
        for odd in ["GET / HTTP/1.1\r\n", "PROXY TCP4 8.8.8.8 10.0.0.1 99999 443\r\n"] {
            assert_eq!(parsed(odd.as_bytes()), Err(Error::Invalid), "{odd}");
        }
    }
}
