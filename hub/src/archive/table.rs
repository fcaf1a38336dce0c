//! Apache Parquet: the same columns as the lines' fields, gzip inside.
//!
//! Times are `TIMESTAMP(MILLIS, UTC)`, but the device's own: that is any number a client sends.

use std::fs::File;
use std::io;
use std::sync::Arc;

use alleycat_shared::Output;
use alleycat_shared::message::Event;
use parquet::basic::{Compression, GzipLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::store::Record;

/// A file of one table.
pub(super) struct Table {
    writer: SerializedFileWriter<File>,
    rows: Vec<Record>,
}

impl Table {
    pub(super) const EXTENSION: &str = "parquet";

    pub(super) fn new(file: File) -> io::Result<Self> {
        let schema = Arc::new(parse_message_type(SCHEMA).map_err(io_error)?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::GZIP(GzipLevel::default()))
            .set_created_by(format!("alleycat-hub {}", env!("CARGO_PKG_VERSION")))
            .build();
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).map_err(io_error)?;
        Ok(Self { writer, rows: Vec::new() })
    }

    pub(super) fn write(&mut self, record: &Record) -> io::Result<()> {
        self.rows.push(record.clone());
        if self.rows.len() >= ROWS { self.flush().map_err(io_error) } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> io::Result<File> {
        self.flush().map_err(io_error)?;
        self.writer.into_inner().map_err(io_error)
    }

    /// Writes the rows out, column by column, in the order of [`SCHEMA`].
    fn flush(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let of = |row: &Record| Output::of(row.message.cadence, row.message.resistance).get();
        let event = |row: &Record| match row.message.event {
            Event::Update => ByteArray::from("update"),
            Event::Final => ByteArray::from("final"),
        };
        let mut group = self.writer.next_row_group()?;
        let columns = &mut group;
        column::<FixedLenByteArrayType>(columns, &rows, |row| {
            FixedLenByteArray::from(row.message.uuid.as_bytes().to_vec())
        })?;
        column::<ByteArrayType>(columns, &rows, event)?;
        column::<Int64Type>(columns, &rows, |row| row.message.device_timestamp.cast_signed())?;
        column::<Int32Type>(columns, &rows, |row| row.message.second.get().into())?;
        column::<Int64Type>(columns, &rows, |row| row.message.race_id.get().cast_signed())?;
        column::<ByteArrayType>(columns, &rows, |row| ByteArray::from(row.message.name.as_str()))?;
        column::<Int32Type>(columns, &rows, |row| row.message.racer_id.get().cast_signed())?;
        column::<Int32Type>(columns, &rows, |row| row.message.class_id.get().into())?;
        column::<DoubleType>(columns, &rows, |row| row.message.cadence.get())?;
        column::<DoubleType>(columns, &rows, |row| row.message.resistance.get())?;
        column::<DoubleType>(columns, &rows, of)?;
        column::<Int64Type>(columns, &rows, |row| row.at.cast_signed())?;
        column::<BoolType>(columns, &rows, |row| row.late)?;
        group.close()?;
        Ok(())
    }
}

/// Writes the next column.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    rows: &[Record],
    value: impl Fn(&Record) -> T::T,
) -> Result<(), ParquetError> {
    let values: Vec<T::T> = rows.iter().map(value).collect();
    let mut column =
        group.next_column()?.ok_or_else(|| ParquetError::General("one column too many".to_owned()))?;
    column.typed::<T>().write_batch(&values, None, None)?;
    column.close()
}

fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}

/// How many messages are gathered in memory.
const ROWS: usize = 32 * 1024;

const SCHEMA: &str = "message alleycat {
    required fixed_len_byte_array(16) uuid (UUID);
    required binary event (UTF8);
    required int64 deviceTimestamp (INTEGER(64,false));
    required int32 second;
    required int64 raceId;
    required binary name (UTF8);
    required int32 racerId;
    required int32 classId;
    required double cadence;
    required double resistance;
    required double output;
    required int64 takenAt (TIMESTAMP(MILLIS,true));
    required boolean late;
}";
