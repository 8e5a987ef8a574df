//! Opening the listening socket.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the kernel queues for us while the loop is busy. The system's own limit
/// (`net.core.somaxconn`, 4,096 on Linux) cuts it where that is less.
const BACKLOG: i32 = 4096;

/// Listens on `address`. With `shared`, several sockets may (SO_REUSEPORT), and the kernel deals the
/// connections out among them.
///
/// # Errors
///
/// What the system says: the port is in use, the address is not ours, no permission.
pub(super) fn listen(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A restart must not wait for the TIME_WAIT of the connections that the last run closed.
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    // Accepted sockets inherit it, so it costs no call for each: a response goes out at once
    // instead of waiting for the acknowledgement of the one before.
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}
