//! What is in the stream, as another one's client reads it.

use alleycat_tests::Kinesis;
use anyhow::ensure;

use crate::rig::{STREAM, put, race, troubled, witnessed};

#[tokio::test]
async fn what_is_put_is_read_by_boto3_byte_for_byte_whatever_failed_on_the_way() -> anyhow::Result<()> {
    let kinesis = Kinesis::start(troubled()).await?;
    kinesis.create(STREAM, 2).await?;
    let messages = race()?.messages(1..=20)?;
    put(&kinesis, &messages).await?;
    let twice = witnessed(&kinesis, &messages).await?;
    let counts = kinesis.limits.counts().total(STREAM);
    ensure!(u64::from(twice) == counts.doubtful_records && twice > 0, "{twice} twice: {counts:?}");
    ensure!(counts.failed_records > 0, "{counts:?}");
    Ok(())
}
