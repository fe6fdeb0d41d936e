//! An authority, and certificates as good or bad as a test wants them.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Year, month, day.
type Date = (i32, u8, u8);

/// Longer than anybody tests.
const LONG: [Date; 2] = [(2020, 1, 1), (2099, 1, 1)];

/// An authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority"))
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// What a client trusts that trusts this authority alone.
    pub fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("an authority");
        Arc::new(roots)
    }

    /// A server's certificate for these names.
    pub fn server(&self, names: &[&str]) -> Issued {
        self.issue(names, ExtendedKeyUsagePurpose::ServerAuth, LONG)
    }

    /// One that has expired.
    pub fn expired(&self, names: &[&str]) -> Issued {
        self.issue(names, ExtendedKeyUsagePurpose::ServerAuth, [(2020, 1, 1), (2021, 1, 1)])
    }

    /// One for ninety days, as public authorities give them.
    pub fn brief(&self, names: &[&str]) -> Issued {
        let day = |days: i64| {
            let day = jiff::Zoned::now().checked_add(jiff::Span::new().days(days)).expect("a day");
            (day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs())
        };
        self.issue(names, ExtendedKeyUsagePurpose::ServerAuth, [day(-2), day(88)])
    }

    /// A person's certificate.
    pub fn person(&self, name: &str) -> Issued {
        self.issue(&[name], ExtendedKeyUsagePurpose::ClientAuth, LONG)
    }

    /// The list of what this authority has taken back (PEM).
    pub fn revoking(&self, taken_back: &[&Issued]) -> String {
        self.list(taken_back, LONG)
    }

    /// One whose successor should be there by now.
    pub fn old_list(&self) -> String {
        self.list(&[], [(2020, 1, 1), (2021, 1, 1)])
    }

    fn list(&self, taken_back: &[&Issued], times: [Date; 2]) -> String {
        let [this_update, next_update] = times.map(|(year, month, day)| date_time_ymd(year, month, day));
        let revoked = |issued: &&Issued| RevokedCertParams {
            serial_number: issued.serial().into(),
            revocation_time: this_update,
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update,
            next_update,
            crl_number: vec![1].into(),
            issuing_distribution_point: None,
            revoked_certs: taken_back.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).expect("a list").pem().expect("a list in PEM")
    }

    fn issue(&self, names: &[&str], purpose: ExtendedKeyUsagePurpose, times: [Date; 2]) -> Issued {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names.clone()).expect("names");
        params.distinguished_name.push(DnType::CommonName, names[0].as_str());
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        let [from, to] = times.map(|(year, month, day)| date_time_ymd(year, month, day));
        (params.not_before, params.not_after) = (from, to);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate").pem();
        Issued { certificate, key: key.serialize_pem() }
    }
}

impl Issued {
    /// What a list calls the certificate by.
    fn serial(&self) -> Vec<u8> {
        let chain = self.chain();
        let (_, certificate) = x509_parser::parse_x509_certificate(&chain[0]).expect("a certificate");
        certificate.raw_serial().to_vec()
    }

    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("a certificate")]
    }

    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key")
    }
}
