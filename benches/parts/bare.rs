//! The least that a proxy on sudare's stack costs: hyper and tokio between the same two sockets, with
//! no gate, nobody to recognise, nothing judged and nothing recorded. What is below it no work on
//! sudare can reach.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// Passes every request on, until it is killed. Each connection of staff's has one of its own to the
/// upstream, so that not even a pool costs anything.
pub fn serve(address: SocketAddr, upstream: SocketAddr) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let listener = TcpListener::bind(address).await.expect("the address is free");
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                // A client that goes away is no news here.
                let _ = pass(stream, upstream).await;
            });
        }
    });
}

async fn pass(stream: TcpStream, upstream: SocketAddr) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let crm = TcpStream::connect(upstream).await?;
    crm.set_nodelay(true)?;
    let (sender, driver) = client::handshake(TokioIo::new(crm)).await?;
    tokio::spawn(driver);
    let sender = Arc::new(Mutex::new(sender));
    let service = service_fn(move |request| {
        let sender = Arc::clone(&sender);
        async move {
            let mut sender = sender.lock().await;
            sender.ready().await?;
            sender.send_request(request).await
        }
    });
    server::Builder::new().serve_connection(TokioIo::new(stream), service).await?;
    Ok(())
}
