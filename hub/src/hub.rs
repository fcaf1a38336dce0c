//! A whole hub: started on a bound listener, ended on request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use alleycat_shared::config::{MQTT_PATH, PageConfig};
use axum::Router;
use axum::routing::any;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::broker::{Broker, front};
use crate::config::{Config, ConfigError};
use crate::identity::Identity;
use crate::races::Races;
use crate::{api, boards, metrics, page};

/// What all parts of a running hub share.
pub(crate) struct Shared {
    pub(crate) page_config: PageConfig,
    pub(crate) races: Arc<Races>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) broker: Arc<Broker>,
    /// One permit a WebSocket.
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// A running hub. Dropping it ends it at once; [`Hub::shutdown`] ends it well.
pub struct Hub {
    address: SocketAddr,
    riders: usize,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
    /// The boards, and the broker's listeners.
    tasks: [JoinHandle<()>; 2],
}

/// Why a hub did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The configuration can't work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The listener is of no use.
    #[error("the listening socket failed")]
    Listener(#[source] io::Error),
    /// The limit of open files can't be told.
    #[error("the limit of open files can't be read")]
    OpenFiles(#[source] io::Error),
    /// The broker did not start.
    #[error("the broker did not start: {0:#}")]
    Broker(anyhow::Error),
}

impl Hub {
    /// Starts a hub on a listener that is already bound.
    ///
    /// # Errors
    /// [`StartError`] when the configuration can't work or the broker does not start.
    pub async fn start(config: &Config, listener: TcpListener) -> Result<Self, StartError> {
        config.check()?;
        metrics::install();
        let address = listener.local_addr().map_err(StartError::Listener)?;
        let files = rlimit::increase_nofile_limit(u64::MAX).map_err(StartError::OpenFiles)?;
        let riders = usize::try_from(files.saturating_sub(SPARE_FILES) / FILES_A_RIDER).unwrap_or(usize::MAX);
        let riders = riders.clamp(1, Semaphore::MAX_PERMITS);

        let races = Arc::new(Races::new(config.clock(), config.grace_seconds));
        let identity = Arc::new(Identity::new());
        let (races_of, identity_of) = (Arc::clone(&races), Arc::clone(&identity));
        // Sessions outlive their connections for a while; twice as many are plenty, and a bound.
        let sessions = riders.saturating_mul(2);
        let broker = Broker::start(races_of, identity_of, config.open, config.mqtt_tcp, sessions).await;
        let (broker, listeners) = broker.map_err(StartError::Broker)?;
        let broker = Arc::new(broker);
        let boards = tokio::spawn(boards::run(Arc::clone(&races), Arc::clone(&broker)));
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            page_config: config.page_config(),
            races,
            identity,
            broker,
            connections: Arc::new(Semaphore::new(riders)),
            stop: stopped.clone(),
        });
        let router = Router::new()
            .route(MQTT_PATH, any(front::upgrade))
            .with_state(Arc::clone(&shared))
            .merge(api::routes(shared))
            .merge(page::routes(config.page.as_deref()));
        let mut until = stopped;
        let server = axum::serve(TcpNoDelay(listener), router)
            .with_graceful_shutdown(async move { _ = until.wait_for(|stop| *stop).await });
        Ok(Self {
            address,
            riders,
            stop,
            server: tokio::spawn(server.into_future()),
            tasks: [boards, listeners],
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many riders the limit of open files allows.
    pub fn riders(&self) -> usize {
        self.riders
    }

    /// Ends all connections and waits a moment for requests that are under way.
    pub async fn shutdown(mut self) {
        _ = self.stop.send(true);
        _ = tokio::time::timeout(GOODBYE, &mut self.server).await;
        self.server.abort();
        for task in &mut self.tasks {
            task.abort();
            // Aborted is how it is meant to end; what matters is that its ports are free.
            _ = task.await;
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        _ = self.stop.send(true);
        self.server.abort();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A listener whose connections send small messages at once.
struct TcpNoDelay(TcpListener);

impl axum::serve::Listener for TcpNoDelay {
    type Io = tokio::net::TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        _ = stream.set_nodelay(true);
        (stream, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// The WebSocket, and both ends of the loopback connection to the broker.
const FILES_A_RIDER: u64 = 3;
/// For the page's files, the API and the process itself.
const SPARE_FILES: u64 = 200;
const GOODBYE: Duration = Duration::from_secs(1);
