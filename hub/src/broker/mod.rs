//! The embedded broker: rmqtt as a library on a loopback port, the hub's rules as its hooks.

mod acks;
pub(crate) mod front;
mod gate;
mod link;
mod refusals;
mod retained;
pub(crate) mod tcp;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::sync::Arc;

use std::time::Duration;

use alleycat_shared::topic::Topic;
use rmqtt::codec::types::Publish as CodecPublish;
use rmqtt::context::ServerContext;
use rmqtt::hook::Type;
use rmqtt::net::{Builder, Listener};
use rmqtt::server::MqttServer;
use rmqtt::types::{From, Id, QoS, Retain};
use tokio::task::JoinHandle;

use crate::boards::Outgoing;
pub(crate) use gate::{Gate, Sessions};
use retained::Retained;

/// The running broker.
pub(crate) struct Broker {
    context: ServerContext,
    /// Where the WebSocket front joins it.
    pub(crate) address: SocketAddr,
    /// Who the boards come from.
    sender: Id,
    sessions: Arc<Sessions>,
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.sessions.set(None);
    }
}

/// The largest packet, in bytes: a payload that is worth refusing by name still fits.
pub(crate) const MAX_PACKET: u32 = 64 * 1024;

/// How long a client may take nothing in. The system's buffers hold megabytes, so only who does not read
/// at all comes to this. Short, because rmqtt drains a session's inbox into its bounded queue in the same
/// task that writes: while a write hangs, the inbox has no bound but time.
const STALLED: Duration = Duration::from_secs(5);

impl Broker {
    /// Starts the broker on a free loopback port. The caller owns the task that takes connections in.
    pub(crate) async fn start(gate: Gate, max_sessions: usize) -> anyhow::Result<(Self, JoinHandle<()>)> {
        // A busy machine must not refuse riders: lateness is measured, not guessed from the load.
        let context = ServerContext::new()
            .busy_check_enable(false)
            .mqtt_max_sessions(isize::try_from(max_sessions).unwrap_or(isize::MAX))
            .build()
            .await;
        *context.extends.retain_mut().await = Box::new(Retained::default());
        let hooks = context.extends.hook_mgr().register();
        for hook in [Type::ClientAuthenticate, Type::ClientSubscribeCheckAcl, Type::MessagePublishCheckAcl] {
            hooks.add(hook, Box::new(gate.clone())).await;
        }
        hooks.start().await;
        gate.sessions.set(Some(context.clone()));

        let loopback = listener()?;
        let address = loopback.local_addr()?;
        let server = MqttServer::new(context.clone()).listener_by_id(loopback, LOOPBACK);
        let server = server.build();
        let server = tokio::spawn(async move {
            if let Err(error) = server.run().await {
                tracing::error!(%error, "the broker stopped");
            }
        });
        let sender = Id::new(context.node.id(), LOOPBACK, None, None, "alleycat-hub".into(), None);
        Ok((Self { context, address, sender, sessions: gate.sessions }, server))
    }

    /// Whether anybody subscribed to a topic.
    pub(crate) async fn is_watched(&self, topic: Topic) -> bool {
        let routes = self.context.extends.router().await.get(&topic.to_string()).await;
        routes.is_ok_and(|routes| !routes.is_empty())
    }

    /// Publishes to everybody who subscribed, at QoS 0, past the rules for riders.
    pub(crate) async fn publish(&self, message: Outgoing) {
        let publish = CodecPublish {
            dup: false,
            retain: message.retain,
            qos: QoS::AtMostOnce,
            topic: message.topic.to_string().into(),
            packet_id: None,
            payload: message.payload,
            properties: None,
        };
        let publish = rmqtt::types::Publish::from(publish);
        let from = From::from_system(self.sender.clone());
        if message.retain {
            let retain = Retain { msg_id: None, from: from.clone(), publish: publish.clone() };
            if let Err(error) = self.context.extends.retain().await.set(&publish.topic, retain, None).await {
                tracing::warn!(%error, "a board could not be retained");
            }
        }
        // What could not be delivered went to clients that are leaving; the broker counts it.
        _ = self.context.extends.shared().await.forwards(None, from, publish).await;
    }
}

fn listener() -> anyhow::Result<Listener> {
    let builder = Builder::new()
        .name("loopback")
        .laddr((Ipv4Addr::LOCALHOST, 0).into())
        .backlog(1_024)
        .nodelay(true)
        // Anonymous clients are let in by the gate, as readers: here they would pass without being asked.
        .allow_anonymous(false)
        .max_packet_size(MAX_PACKET)
        .max_clientid_len(128)
        .max_inflight(NonZeroU16::new(64).expect("64 is not 0"))
        .max_mqueue_len(256)
        .max_subscriptions(16)
        .max_topic_levels(8)
        .send_timeout(STALLED)
        .handshake_timeout(Duration::from_secs(5))
        .session_expiry_interval(Duration::from_secs(600));
    builder.bind()?.tcp()
}

const LOOPBACK: u16 = 1;
