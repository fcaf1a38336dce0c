//! Rules as in AWS IoT Core: which messages go where, in its SQL. Bytes in, actions out: no IO, and time and
//! chance are arguments.
