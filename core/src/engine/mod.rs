//! The engine: the event loop, connections and the turn. The only layer generic over a platform.

pub mod ae_loop;
