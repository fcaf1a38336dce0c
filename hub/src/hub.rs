//! A whole hub: started on a bound listener, ended on request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use alleycat_mqtt::RequestError;
use alleycat_shared::Millis;
use alleycat_shared::config::{MQTT_PATH, PageConfig};
use axum::routing::any;
use axum::{Router, middleware};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::api::Signer;
use crate::archive::{Archive, ArchiveFormat, Wanted};
use crate::boards::Retention;
use crate::broker::external::External;
use crate::broker::origin::Origins;
use crate::broker::{Broker, Carrier, Gate, Refusals, front, tcp};
use crate::config::{BrokerChoice, Config, ConfigError, MQTT_TLS, StreamChoice};
use crate::connections::Connections;
use crate::health::StreamState;
use crate::identity::Identity;
use crate::journal::Journal;
use crate::limits::{Addresses, Rate};
use crate::pairings::Pairings;
use crate::races::Races;
use crate::route::{Republisher, Route, RouteError, Router as RuleRouter};
use crate::serve::{limit, serve};
use crate::store::{Store, StoreError, host_key, signing_key};
#[cfg(feature = "kinesis")]
use crate::stream::{Feed, Source};
use crate::tls::{Certificate, Tls, TlsError};
use crate::{api, boards, host, limits, metrics, page, time};

/// What all parts of a running hub share.
pub(crate) struct Shared {
    pub(crate) page_config: PageConfig,
    pub(crate) races: Arc<Races>,
    pub(crate) identity: Arc<Identity>,
    /// Codes with which phones hand riders over.
    pub(crate) pairings: Pairings,
    pub(crate) journal: Arc<Journal>,
    pub(crate) store: Arc<Store>,
    /// Why the archive can't be written, if there is one.
    pub(crate) archive: Option<watch::Receiver<Option<String>>>,
    pub(crate) broker: Arc<Broker>,
    /// Whether the broker outside is there, if riders are at one.
    pub(crate) outside: Option<Arc<AtomicBool>>,
    /// The rules, if there are some.
    pub(crate) route: Option<Arc<Route>>,
    /// The stream that feeds the races, if one does.
    pub(crate) stream: Option<StreamState>,
    /// Whose pages may be MQTT clients.
    pub(crate) origins: Origins,
    /// MQTT clients.
    pub(crate) connections: Connections,
    /// Other clients of the one port.
    pub(crate) http: Arc<Connections>,
    /// What the ports speak TLS with, if they do.
    pub(crate) tls: Option<Tls>,
    /// Rides are shown to their riders, to the host and to whoever has a link.
    pub(crate) private_rides: bool,
    /// Where phones find this hub, if its owner says so.
    pub(crate) public_url: Option<String>,
    /// What the host shows; without it nobody is the host.
    pub(crate) host_key: Option<String>,
    /// Signs addresses of AWS IoT Core, if riders go there.
    pub(crate) signer: Option<Signer>,
    /// Anybody may ride as anybody.
    pub(crate) open: bool,
    /// When the hub started.
    pub(crate) started: Millis,
    /// What one client may send.
    pub(crate) client_rate: Option<Rate>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// A running hub. Dropping it ends it at once; [`Hub::shutdown`] ends it well.
pub struct Hub {
    address: SocketAddr,
    /// `http` or `https`.
    scheme: &'static str,
    riders: usize,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    /// The boards, the broker, the ports for MQTT over TCP, and who keeps the certificate fresh.
    tasks: Vec<JoinHandle<()>>,
    rules: Option<RuleRouter>,
    races: Arc<Races>,
    journal: Arc<Journal>,
    /// Commits the journal; joined on [`Hub::shutdown`].
    committing: Option<thread::JoinHandle<()>>,
    archive: Option<Archive>,
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
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Addresses are to be signed and there is nothing to sign with.
    #[error(
        "can't sign addresses of {0}: it is to be like abc-ats.iot.eu-west-1.amazonaws.com, and AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY are to be set"
    )]
    Signer(String),
    /// The login of the external broker can't be sent.
    #[error("the login of --broker can't be used")]
    Broker(#[from] RequestError),
    /// The system has no thread for the journal.
    #[error("the journal did not start")]
    Journal(#[source] io::Error),
    /// Certificate or key can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The rules can't be followed.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// A port for MQTT over TCP is taken, or not ours.
    #[error("can't listen on {address}: is another program using it? Choose another one with {option}")]
    Tcp {
        /// The port that was asked for.
        address: SocketAddr,
        /// The option that asks for it.
        option: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
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
        let (riders, connections) = room(files);
        let (tls, fresh) = match config.tls_files() {
            Some(files) => {
                let certificate = Certificate::load(&files)?;
                let (tls, fresh) = Tls::new(files, certificate);
                (Some(tls), Some(fresh))
            }
            None => (None, None),
        };

        let signer = match &config.aws_iot_endpoint {
            Some(host) => Some(Signer::from_env(host).ok_or_else(|| StartError::Signer(host.clone()))?),
            None => None,
        };

        let now = time::now();
        let store = Arc::new(Store::open(config.folder(), config.race_seconds)?);
        let (key, seats) = (signing_key(store.folder())?, store.seats(now)?);
        let host_key = match (&config.host_key, store.folder()) {
            (Some(key), _) => Some(key.clone()),
            (None, Some(folder)) => Some(host_key(folder)?),
            (None, None) => None,
        };
        let (journal, committing) = Journal::start(Arc::clone(&store)).map_err(StartError::Journal)?;
        let (kept, appended) = (Arc::clone(&store), Arc::clone(&journal));
        let races = Arc::new(Races::load(config.clock(), config.grace_seconds, config.open, kept, appended)?);
        let identity = Arc::new(Identity::new(key, seats, Arc::clone(&journal), now));
        // Sessions outlive their connections for a while; twice as many are plenty, and a bound.
        let sessions = riders.saturating_mul(2);
        let is_embedded = config.broker == BrokerChoice::Embedded;
        let route =
            config.rules.as_ref().map(|path| Route::load(path, is_embedded)).transpose()?.map(Arc::new);
        let by_stream = config.stream != StreamChoice::None;
        if by_stream && route.is_none() && is_embedded {
            tracing::warn!(
                "the races are fed by a stream, and no --rules put what riders publish here into it"
            );
        }
        let gate = || Gate {
            races: Arc::clone(&races),
            identity: Arc::clone(&identity),
            journal: Arc::clone(&journal),
            refusals: Refusals::default(),
            open: config.open,
            route: route.clone(),
            by_stream,
        };
        let mut tcp = Vec::new();
        for (option, address) in config.mqtt_ports() {
            let failed = |source| StartError::Tcp { address, option, source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            tcp.push((listener, tls.clone().filter(|_| option == MQTT_TLS)));
        }
        let broker = Arc::new(Broker::new(gate(), sessions));
        let mut link = None;
        let mut republish = None;
        let (carrier, outside) = match &config.broker {
            BrokerChoice::Embedded => (Carrier::Embedded(Arc::clone(&broker)), None),
            BrokerChoice::External(address) => {
                let way = config.way(address).ok_or_else(|| StartError::Signer(address.to_string()))?;
                let (external, way) = External::start(way, config.part(), gate())?;
                link = Some(external.link());
                republish = Some(external.republish());
                (Carrier::External(external), Some(way))
            }
        };
        let retention = Retention {
            rides: config.keep_days,
            journal: config.keep_journal_days,
            archiving: config.archive() != ArchiveFormat::None,
        };
        let wanted = Wanted {
            format: config.archive(),
            seconds: config.archive_seconds,
            keep_days: config.keep_archive_days,
        };
        let archive = Archive::start(&store, wanted)?;
        let kept_route = route.clone();
        let (rules, lanes) = match route {
            Some(route) => {
                let republisher = match republish {
                    Some(queue) => Republisher::External(queue),
                    None => Republisher::Embedded {
                        broker: Arc::clone(&broker),
                        route: Arc::clone(&route),
                        journal: Arc::clone(&journal),
                    },
                };
                RuleRouter::start(route, &store, &journal, republisher, config)
                    .map(|(rules, lanes)| (Some(rules), Some(lanes)))?
            }
            None => (None, None),
        };
        #[cfg(feature = "kinesis")]
        let feed = match &config.stream {
            StreamChoice::Kinesis(stream) => {
                let classes = config.part().classes;
                let source = Source { stream: stream.clone(), from: config.stream_from, classes };
                let (races, identity, journal) = (races.clone(), identity.clone(), journal.clone());
                let feed = Feed::new(source, races, identity, journal, &store)?;
                Some(feed.start(config.kinesis_endpoint.as_deref()).await)
            }
            StreamChoice::None => None,
        };
        #[cfg(feature = "kinesis")]
        let (stream_state, feed) = feed.map(|(progress, feed)| (StreamState { progress }, feed)).unzip();
        #[cfg(not(feature = "kinesis"))]
        let stream_state = None;
        let boards = boards::run(Arc::clone(&races), carrier, Arc::clone(&journal), retention);
        let boards = tokio::spawn(boards);
        let (stop, stopped) = watch::channel(false);
        let kept_races = Arc::clone(&races);
        let http = Arc::new(Connections::new(connections, config.client_rate().is_some()));
        let shared = Arc::new(Shared {
            page_config: config.page_config(),
            races,
            identity,
            pairings: Pairings::default(),
            journal: Arc::clone(&journal),
            store,
            archive: archive.as_ref().map(Archive::failing),
            broker,
            outside: link,
            route: kept_route,
            stream: stream_state,
            origins: Origins::new(config.allow_origins.iter().chain(&config.public_url)),
            connections: Connections::new(riders, config.client_rate().is_some()),
            http: Arc::clone(&http),
            open: config.open,
            started: now,
            tls: tls.clone(),
            private_rides: config.private_rides,
            public_url: config.public_url.clone(),
            host_key,
            signer,
            client_rate: config.client_rate(),
            stop: stopped.clone(),
        });
        let mut tasks = vec![boards];
        tasks.extend(fresh.map(tokio::spawn));
        tasks.extend(lanes.map(tokio::spawn));
        #[cfg(feature = "kinesis")]
        tasks.extend(feed.map(tokio::spawn));
        tasks.extend(outside.map(tokio::spawn));
        for (listener, tls) in tcp {
            tasks.push(tokio::spawn(tcp::serve(listener, tls, Arc::clone(&shared))));
        }
        let addresses = Arc::new(Addresses::new(config.client_rate().map(|_| limits::ADDRESS)));
        let mqtt = Router::new();
        // Riders of an external broker would wait here for boards that never come.
        let mqtt = if is_embedded { mqtt.route(MQTT_PATH, any(front::upgrade)) } else { mqtt };
        let router = mqtt
            .with_state(Arc::clone(&shared))
            .merge(api::routes(shared))
            .layer(middleware::from_fn_with_state(addresses, limit))
            .merge(host::routes())
            .merge(page::routes(config.page.as_deref(), &config.content_policy()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = tokio::spawn(serve(listener, tls, router, http, stopped));
        let races = kept_races;
        Ok(Self {
            address,
            scheme,
            riders,
            stop,
            server,
            tasks,
            rules,
            races,
            journal,
            committing: Some(committing),
            archive,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where browsers find it.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// How many riders the limit of open files allows.
    pub fn riders(&self) -> usize {
        self.riders
    }

    /// Reads the rules file again, if there is one, and says in the log what became of it.
    pub async fn read_rules_again(&self) {
        let Some(rules) = &self.rules else { return };
        match rules.read_again().await {
            Ok(rules) => tracing::info!(rules, "the rules file was read again and is followed"),
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::error!("the rules file was read again, and the rules before stay: {error}");
            }
        }
    }

    /// Ends all connections, waits a moment for requests that are under way, and commits what there is.
    pub async fn shutdown(mut self) {
        _ = self.stop.send(true);
        _ = tokio::time::timeout(GOODBYE, &mut self.server).await;
        self.server.abort();
        for task in &mut self.tasks {
            task.abort();
            // Aborted is how it is meant to end; what matters is that its ports are free.
            _ = task.await;
        }
        // Nobody can send any more: what is over is made official, what runs waits in the journal.
        let closed = self.races.close(self.races.settled(time::now())).len();
        let riding = self.races.riders(time::now());
        tracing::info!(
            closed,
            riding,
            "races ended: what runs goes on if the hub is back before its grace ends, unless nothing is kept"
        );
        self.journal.stop();
        let (committing, archive) = (self.committing.take(), self.archive.take());
        let end = move || {
            if let Some(committing) = committing {
                _ = committing.join();
            }
            // What the journal has written last goes into the archive too.
            if let Some(mut archive) = archive {
                archive.finish();
            }
        };
        _ = tokio::task::spawn_blocking(end).await;
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        _ = self.stop.send(true);
        self.server.abort();
        self.tasks.iter().for_each(JoinHandle::abort);
        self.journal.stop();
    }
}

/// How many riders, and how many plain HTTP connections, a limit of open files allows.
pub(crate) fn room(files: u64) -> (usize, usize) {
    let spare = MIN_SPARE_FILES.max(files / 10);
    let bounded = |count: u64| usize::try_from(count).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
    (bounded(files.saturating_sub(spare)), bounded(spare / 2))
}

/// Half for the page and the API, half for the process itself.
const MIN_SPARE_FILES: u64 = 200;
const GOODBYE: Duration = Duration::from_secs(2);
