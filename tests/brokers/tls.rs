//! MQTT over TLS, bare and in a WebSocket, with a broker whose certificate only this test knows.

use std::sync::Arc;

use alleycat_mqtt::client::{Client, rustls};
use alleycat_mqtt::{Event, Options, Qos};
use alleycat_tests::Broker;
use anyhow::ensure;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::rig::{options, publish_all, subscribed, wait};

/// A client that trusts this certificate alone.
pub(crate) fn client(broker: &Broker, certificate: &[u8]) -> anyhow::Result<Client> {
    Ok(Client::new(broker.url(), options("tls"), 1)?.tls(trusting(certificate)?))
}

fn trusting(certificate: &[u8]) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(certificate.to_vec()))?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[tokio::test]
async fn messages_go_through_tls_to_a_broker_that_is_trusted() -> anyhow::Result<()> {
    for web in [false, true] {
        let (broker, certificate) = Broker::mosquitto_with_tls(web).await?;
        let mut client = client(&broker, &certificate)?;
        subscribed(&mut client, "secret", Qos::ExactlyOnce).await?;
        // Larger than a record of TLS, so that it comes in pieces.
        let large = "x".repeat(40_000);
        publish_all(&mut client, "elsewhere", &[&large, "y"], Qos::ExactlyOnce).await?;
        client.publish(alleycat_mqtt::Publish::new("secret", large.clone(), Qos::ExactlyOnce))?;
        let came = wait(&mut client, |event| match event {
            Event::Message { payload, .. } => Some(payload),
            _ => None,
        });
        ensure!(came.await? == large, "the message comes back as it was sent");
    }
    Ok(())
}

#[tokio::test]
async fn a_broker_that_nobody_vouches_for_is_not_spoken_to() -> anyhow::Result<()> {
    let (broker, _) = Broker::mosquitto_with_tls(false).await?;
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let client = Client::new(broker.url(), Options::new("wary"), 1)?;
    let mut client = client.tls(trusting(other.cert.der())?);
    let event = wait(&mut client, Some).await?;
    ensure!(matches!(event, Event::Disconnected { .. }), "{event:?}");
    Ok(())
}
