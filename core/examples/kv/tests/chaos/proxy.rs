//! Wires between the nodes that can be cut, each direction for itself.

use std::collections::BTreeMap;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::{Receiver, Sender, channel};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Open,
    /// Connections break, and no new one comes about.
    Cut,
    /// What is sent arrives when the wire is open again.
    Stalled,
}

/// The wires by their ends: from, to.
#[derive(Debug, Default)]
pub(crate) struct Wires(BTreeMap<(u64, u64), Sender<Wire>>);

impl Wires {
    /// Lays a wire, from this node to that one, which listens at `target`. What comes in at `port` goes there.
    pub(crate) async fn lay(&mut self, ends: (u64, u64), port: u16, target: String) {
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        let listener = listener.expect("the port was free");
        let (sender, wire) = channel(Wire::Open);
        self.0.insert(ends, sender);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *wire.borrow() != Wire::Cut {
                    tokio::spawn(forward(near, target.clone(), wire.clone()));
                }
            }
        });
    }

    /// Sets all wires for which this holds.
    pub(crate) fn set(&self, to: Wire, is_meant: impl Fn(u64, u64) -> bool) {
        for (&(from, end), wire) in &self.0 {
            if is_meant(from, end) {
                wire.send_replace(to);
            }
        }
    }
}

async fn forward(mut near: TcpStream, target: String, wire: Receiver<Wire>) {
    let Ok(mut far) = TcpStream::connect(target).await else {
        return;
    };
    let (near_reader, near_writer) = near.split();
    let (far_reader, far_writer) = far.split();
    // When one direction ends, so does the other.
    tokio::select! {
        () = pump(near_reader, far_writer, wire.clone()) => {}
        () = pump(far_reader, near_writer, wire) => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut wire: Receiver<Wire>,
) {
    let mut bytes = vec![0; 1 << 14];
    loop {
        let mut cut = wire.clone();
        let len = tokio::select! {
            len = from.read(&mut bytes) => len.unwrap_or(0),
            _ = cut.wait_for(|wire| *wire == Wire::Cut) => 0,
        };
        let is_open = wire.wait_for(|wire| *wire != Wire::Stalled).await;
        let is_open = is_open.is_ok_and(|wire| *wire == Wire::Open);
        if len == 0 || !is_open || to.write_all(&bytes[..len]).await.is_err() {
            return;
        }
    }
}
