//! Where a request came from. The server adds it to the request's extensions.

use std::net::SocketAddr;

/// The address of a request's sender. Absent on the control socket.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The request came over the control socket, which only the service's own user can open.
#[derive(Debug, Clone, Copy)]
pub struct ByControlSocket;
