//! Stands before a Kinesis emulator and throttles its shards as the service does: the emulators do not.
