//! What the gateway and the system's service manager say to each other: sockets that are handed
//! over, and how the gateway is. Without a manager nothing is said.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::sync::watch;
use tokio::time::sleep;

/// The sockets that systemd has handed over, in the order of its unit.
pub fn sockets() -> io::Result<Vec<TcpListener>> {
    let mut handed = ListenFd::from_env();
    let mut sockets = Vec::with_capacity(handed.len());
    for number in 0..handed.len() {
        let socket = handed.take_tcp_listener(number)?;
        let socket = socket.ok_or_else(|| io::Error::other("a socket was handed over twice"))?;
        socket.set_nonblocking(true)?;
        sockets.push(socket);
    }
    Ok(sockets)
}

/// Says that the gateway serves, at the start or after a reload.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Says that a reload which the manager asked for is over, and how it went.
pub fn reloaded(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Says that the gateway reads its rules and certificates again.
pub fn reloading() {
    // systemd compares the time with that of its own signal (`Type=notify-reload`).
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// Says that the gateway stops.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Says now and then that the gateway is alive, where the manager wants to hear it. It comes from
/// among the tasks that serve staff: when none of them runs any more, neither does this.
pub async fn watchdog(mut stop: watch::Receiver<bool>) {
    let Some(every) = sd_notify::watchdog_enabled() else { return };
    loop {
        tell(&[NotifyState::Watchdog]);
        tokio::select! {
            () = sleep((every / 2).max(Duration::from_millis(1))) => {}
            // A stop may take as long as the drain; it is watched as well until the end.
            closed = stop.changed() => if closed.is_err() { return },
        }
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told how the gateway is");
    }
}
