//! The suite over HTTP.

use super::Rented;
use super::proxy::Fault;
use axum::http::Method;
use countersign_log::TileStore;
use countersign_log::conformance::{Damaging, Place};

impl Place for Rented {
    fn store(&self) -> Box<dyn TileStore> {
        Box::new(self.tiles())
    }

    fn plant(&self, path: &str, bytes: &[u8]) -> bool {
        Rented::plant(self, path, bytes)
    }

    fn remove(&self, path: &str) {
        Rented::remove(self, path);
    }
}

impl Damaging for Rented {
    fn damage(&self, path: &str) {
        self.proxy.plan(Method::GET, path, Fault::Flipped, 1_000);
    }
}

mod here {
    use super::Rented;

    countersign_log::tile_store_conformance!(Some(Rented::here()));
    countersign_log::conditional_tile_store_conformance!(Some(Rented::here()));
    countersign_log::atomic_tile_store_conformance!(Some(Rented::here()));
}

// moto looks at a condition and acts on it in two steps, so it promises nothing about requests of the same moment.
mod in_moto {
    use super::Rented;

    countersign_log::tile_store_conformance!(Rented::in_moto());
    countersign_log::conditional_tile_store_conformance!(Rented::in_moto());
}
