//! What survives the page: records in the browser's IndexedDB.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::Bytes;
use idb::{Database, Factory, ObjectStoreParams, Transaction, TransactionMode};
use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::IdbDatabase;

use super::lock::Lock;
use crate::keep::Change;

/// Records in a database of their own. Changes are written in order, one transaction for all that gathered
/// while the last one was under way.
#[derive(Clone, Debug)]
pub struct Store(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    database: IdbDatabase,
    waiting: RefCell<Vec<Change>>,
    writing: Cell<bool>,
    failed: Cell<bool>,
    _lock: Lock,
}

/// Why the browser keeps nothing for us: private windows and full disks do that.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another page has this store open.
    #[error("another page keeps its messages here")]
    InUse,
    /// Without locks two pages could write over each other.
    #[error("the browser has no locks for this page: did it come over plain HTTP?")]
    NoLocks,
    /// The browser says no.
    #[error("the browser's database refuses: is this a private window, or the disk full?")]
    Refused,
}

impl From<idb::Error> for StoreError {
    /// Which of its thirty ways of failing it was helps nobody, and their words weigh 3 KB in a page.
    fn from(_: idb::Error) -> Self {
        Self::Refused
    }
}

impl Store {
    /// Opens the database of this name, or makes it. One page at a time: two would write over each other.
    ///
    /// # Errors
    /// [`StoreError`] when another page has it or the browser has none for this page.
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        if !Lock::are_offered() {
            return Err(StoreError::NoLocks);
        }
        let lock = Lock::take(name, PATIENCE_MS).await.ok_or(StoreError::InUse)?;
        let mut request = Factory::new()?.open(name, Some(1))?;
        request.on_upgrade_needed(|event| {
            use idb::DatabaseEvent as _;
            // What can't be made is missing when it is asked for.
            if let Ok(database) = event.database() {
                let _ = database.create_object_store(RECORDS, ObjectStoreParams::new());
            }
        });
        let database = request.await?;
        Ok(Self(Rc::new(Inner {
            database: database.into(),
            waiting: RefCell::default(),
            writing: Cell::new(false),
            failed: Cell::new(false),
            _lock: lock,
        })))
    }

    /// All that is kept.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub async fn records(&self) -> Result<Vec<(u64, Bytes)>, StoreError> {
        let database = Database::from(self.0.database.clone());
        let transaction = database.transaction(&[RECORDS], TransactionMode::ReadOnly)?;
        let records = transaction.object_store(RECORDS)?;
        let (keys, values) = (records.get_all_keys(None, None)?, records.get_all(None, None)?);
        let (keys, values) = (keys.await?, values.await?);
        let record = |(key, value): (JsValue, JsValue)| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "keys are whole")]
            let key = key.as_f64()? as u64;
            Some((key, Bytes::from(value.dyn_into::<Uint8Array>().ok()?.to_vec())))
        };
        Ok(keys.into_iter().zip(values).filter_map(record).collect())
    }

    /// Does what a session says, soon.
    pub fn apply(&self, changes: impl IntoIterator<Item = Change>) {
        self.0.waiting.borrow_mut().extend(changes);
        if self.0.waiting.borrow().is_empty() || self.0.writing.replace(true) {
            return;
        }
        let this = self.clone();
        spawn_local(async move {
            loop {
                let changes = this.0.waiting.take();
                if changes.is_empty() {
                    break;
                }
                if this.write(&changes).await.is_err() {
                    this.0.failed.set(true);
                    web_sys::console::warn_1(&"unacknowledged messages are not kept in this browser".into());
                }
            }
            this.0.writing.set(false);
        });
    }

    /// Whether everything so far is kept: nothing waits and nothing failed.
    pub fn is_settled(&self) -> bool {
        !self.0.writing.get() && !self.0.failed.get()
    }

    async fn write(&self, changes: &[Change]) -> Result<(), StoreError> {
        let transaction = self.strict()?;
        let records = transaction.object_store(RECORDS)?;
        for change in changes {
            match change {
                Change::Put { key, value } => {
                    records.put(&Uint8Array::from(&value[..]), Some(&number(*key)))?;
                }
                Change::Delete { key } => _ = records.delete(number(*key))?,
            }
        }
        transaction.commit()?.await?;
        Ok(())
    }

    /// A transaction that is on the disk when it says so. Without being asked for this, a browser answers
    /// when the system has the data, and a power cut loses it.
    fn strict(&self) -> Result<Transaction, idb::Error> {
        let strict = Object::new();
        let database = &self.0.database;
        let open = || {
            Reflect::set(&strict, &"durability".into(), &"strict".into())?;
            let open: Function = Reflect::get(database, &"transaction".into())?.dyn_into()?;
            let arguments = Array::of3(&RECORDS.into(), &"readwrite".into(), &strict);
            Reflect::apply(&open, database, &arguments)
        };
        let transaction = open().map_err(idb::Error::TransactionOpenFailed)?;
        Transaction::try_from(transaction)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.database.close();
    }
}

/// Keys are tickets and marked identifiers, all below 2^53.
#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
fn number(key: u64) -> JsValue {
    JsValue::from_f64(key as f64)
}

/// How long another page may take to let go.
const PATIENCE_MS: u32 = 1_000;
const RECORDS: &str = "unacknowledged";
