use crate::commands::serve::{only_loopback, stopped};
use crate::config::Config;
use crate::place::Place;
use crate::tiles;
use anyhow::{Context, Result, bail};
use clap::Args;
use countersign_log::{FolderTiles, TileStore, serve};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
pub(super) struct Serve {
    /// The log's folder, with `checkpoint`, `vkey` and `tile/`; without it the custodian's log, wherever it is.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Loopback address to listen on; put a reverse proxy with TLS in front for anything else.
    #[arg(long, default_value = "127.0.0.1:8744")]
    listen: SocketAddr,
}

impl Serve {
    /// Only reads, so it needs no lock and may run beside `countersign serve`.
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        only_loopback(self.listen)?;
        let (tiles, shown) = match self.folder {
            Some(folder) => (Arc::new(FolderTiles::new(&folder)) as Arc<dyn TileStore>, folder.display().to_string()),
            None => {
                let place = Place::new(dir);
                let at = Config::load(&place)?.tiles;
                (tiles::open(&place, at.as_ref())?, tiles::shown(&place, at.as_ref()))
            }
        };
        let holds = |name| tiles.read_file(name).with_context(|| format!("cannot read {shown}"));
        if holds("vkey")?.is_none() && holds("checkpoint")?.is_none() {
            bail!("{shown} holds no log: there is neither `checkpoint` nor `vkey` in it");
        }
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}: is something else running there?", self.listen))?;
        println!("log on http://{}/ (stop with Ctrl-C)", listener.local_addr()?);
        axum::serve(listener, serve::router(tiles)).with_graceful_shutdown(stopped()).await?;
        Ok(())
    }
}
