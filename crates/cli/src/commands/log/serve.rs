use crate::commands::serve::{only_loopback, stopped};
use crate::place::Place;
use anyhow::{Context, Result, bail};
use clap::Args;
use countersign_log::{FolderTiles, TileStore, serve};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
pub(super) struct Serve {
    /// The log's folder, with `checkpoint`, `vkey` and `tile/`; without it the custodian's.
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
        let folder = self.folder.unwrap_or_else(|| Place::new(dir).log());
        let tiles: Arc<dyn TileStore> = Arc::new(FolderTiles::new(&folder));
        let holds = |name| tiles.read_file(name).with_context(|| format!("cannot read {}", folder.display()));
        if holds("vkey")?.is_none() && holds("checkpoint")?.is_none() {
            bail!("{} is not the folder of a log: there is neither `checkpoint` nor `vkey` in it", folder.display());
        }
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}: is something else running there?", self.listen))?;
        println!("log on http://{}/ (stop with Ctrl-C)", listener.local_addr()?);
        axum::serve(listener, serve::router(tiles)).with_graceful_shutdown(stopped()).await?;
        Ok(())
    }
}
