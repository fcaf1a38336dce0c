//! What rules may see: where a stream feeds the races, nothing else tells whose a message is.

use std::time::Duration;

use crate::rig::{TestHub, puback, publish};

#[tokio::test]
async fn rules_get_no_message_in_the_name_of_another_racer() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let rules = format!(
        "[[rule]]\nname = \"all\"\nsql = \"SELECT racerId FROM 'alleycat-publish/#'\"\n[[rule.action]]\nfile = {{ path = \"{}\" }}\n\
         [[rule]]\nname = \"own\"\nsql = \"SELECT racerId FROM 'alleycat-publish/#' WHERE topic(2) = cast(racerId AS String)\"\n\
         [[rule.action]]\nfile = {{ path = \"{}\" }}\n",
        path("all.jsonl"),
        path("own.jsonl"),
    );
    std::fs::write(path("rules.toml"), rules).unwrap();
    let hub = TestHub::start(&["--rules", &path("rules.toml"), "--data", &path("data")]).await;
    hub.join(43).await;
    let mut racer = hub.racer(42).await;
    for (id, claimed) in [(1, 43), (2, 42)] {
        let payload = hub.message(claimed).to_string();
        racer.send(&publish(id, "alleycat-publish/42", payload.as_bytes())).await;
        assert_eq!(racer.packet().await, puback(id));
    }
    // They go in order: with the second one the first one would be there.
    let written = async {
        loop {
            let texts = ["all.jsonl", "own.jsonl"]
                .map(|name| std::fs::read_to_string(path(name)).unwrap_or_default());
            if texts.iter().all(|text| text.contains("42")) {
                return texts;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let texts = tokio::time::timeout(Duration::from_secs(30), written).await.expect("rules write");
    assert!(texts.iter().all(|text| !text.contains("43")), "{texts:?}");
    hub.shutdown().await;
}
