//! Every certificate that the gateway shows or trusts, for those who read them again.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::pem::PemError;
use crate::serve::sites::Sites;
use crate::serve::tls::Tls;

/// The listeners' certificates and the authorities that the CRMs are proven by.
#[derive(Clone)]
pub struct Certificates {
    tls: Vec<Arc<Tls>>,
    sites: Arc<Sites>,
}

impl Certificates {
    /// Those of these listeners and CRMs.
    pub fn new(tls: Vec<Arc<Tls>>, sites: Arc<Sites>) -> Certificates {
        Certificates { tls, sites }
    }

    /// The files that they stand in.
    pub fn files(&self) -> Vec<PathBuf> {
        let shown = self.tls.iter().flat_map(|tls| tls.files());
        let mut files: Vec<PathBuf> =
            shown.chain(self.sites.all().into_iter().filter_map(|upstream| upstream.file())).collect();
        files.sort();
        files.dedup();
        files
    }

    /// Reads them again. What is wrong is told, and the old stays in its place; the rest is
    /// renewed all the same.
    pub fn reload(&self) -> bool {
        let shown = self.tls.iter().map(|tls| tls.reload());
        let trusted = self.sites.all().into_iter().map(|upstream| upstream.reload());
        let renewed: Vec<Result<bool, PemError>> = shown.chain(trusted).collect();
        if renewed.iter().any(|result| matches!(result, Ok(true))) {
            tracing::info!("changed certificates are in force");
        }
        for error in renewed.iter().filter_map(|result| result.as_ref().err()) {
            tracing::error!(%error, cure = error.cure(), "a changed certificate is wrong; the old one stays in force");
        }
        renewed.iter().all(Result::is_ok)
    }
}
