//! Target `codec`: any bytes through every decoder.

use allocation_counter::measure;
use raftbare::codec::{
    DecodeError, Limits, NoRoom, decode_config, decode_entries, decode_envelope, decode_hard_state,
    decode_message, encode_config, encode_entries, encode_envelope, encode_hard_state,
    encode_message,
};
use raftbare::{ClusterConfig, LogEntries, LogEntry, Message, NodeId, Term};

use crate::Tell;

/// Limits that short inputs reach.
pub const SMALL: Limits = Limits {
    bytes: 64,
    entries: 100,
    terms_and_configs: 4,
    members: 3,
};

/// What the decoders make of the same bytes.
struct Decoded<'a> {
    hard_state: Option<(Term, Option<NodeId>)>,
    config: Option<ClusterConfig>,
    entries: Option<LogEntries>,
    message: Option<Message>,
    envelope: Option<(Message, Vec<&'a [u8]>)>,
}

/// Gives the bytes to every decoder, with small and with default limits.
///
/// # Panics
///
/// If a value is read that is not written in the same bytes, that exceeds the limits, or that takes more memory
/// than they allow; if the limits change a value; or if a decoder does.
pub fn run(bytes: &[u8], tell: Tell<'_>) {
    let [small, large] = [SMALL, Limits::default()].map(|limits| decode_all(bytes, &limits));
    assert!(small.hard_state.is_none() || small.hard_state == large.hard_state);
    assert!(small.config.is_none() || small.config == large.config);
    assert!(small.entries.is_none() || small.entries == large.entries);
    assert!(small.message.is_none() || small.message == large.message);
    assert!(small.envelope.is_none() || small.envelope == large.envelope);
    large.hard_state.iter().for_each(|_| tell("hard state"));
    large.config.iter().for_each(|_| tell("configuration"));
    large.entries.iter().for_each(|_| tell("entries"));
    large.message.iter().for_each(|_| tell("message"));
    let payloads = large.envelope.iter().flat_map(|(_, payloads)| payloads);
    payloads.for_each(|_| tell("payload"));
}

fn decode_all<'a>(bytes: &'a [u8], limits: &Limits) -> Decoded<'a> {
    let envelope = check(bytes, limits, decode_envelope, |envelope, output| {
        encode_envelope(&envelope.0, envelope.1.clone(), output)
    });
    let decoded = Decoded {
        hard_state: check(bytes, limits, decode_hard_state, |state, output| {
            encode_hard_state(state.0, state.1, output)
        }),
        config: check(bytes, limits, decode_config, encode_config),
        entries: check(bytes, limits, decode_entries, encode_entries),
        message: check(bytes, limits, decode_message, encode_message),
        envelope: envelope.map(|(message, payloads)| (message, payloads.collect())),
    };
    let config = decoded.config.iter();
    config.for_each(|config| assert_members(config, limits));
    let in_envelope = decoded.envelope.iter().map(|(message, _)| message);
    let in_messages = decoded.message.iter().chain(in_envelope).filter_map(|it| {
        let Message::AppendEntriesCall { entries, .. } = it else {
            return None;
        };
        Some(entries)
    });
    let entries = decoded.entries.iter().chain(in_messages);
    entries.for_each(|entries| assert_entries(entries, limits));
    decoded
}

/// Decodes, and checks that encoding brings the same bytes back.
fn check<'a, T>(
    bytes: &'a [u8],
    limits: &Limits,
    decode: impl FnOnce(&'a [u8], &Limits) -> Result<T, DecodeError>,
    encode: impl FnOnce(&T, &mut Vec<u8>) -> Result<usize, NoRoom>,
) -> Option<T> {
    let mut result = None;
    let memory = measure(|| result = Some(decode(bytes, limits))).bytes_max;
    let most = most_memory(bytes.len(), limits);
    assert!(memory <= most, "{memory} bytes of memory, not {most}");
    let value = match result? {
        Ok(value) => value,
        Err(error) => {
            assert!(error.offset <= bytes.len(), "{error}");
            return None;
        }
    };
    assert!(bytes.len() <= limits.bytes, "more bytes than the limit");
    let mut again = Vec::with_capacity(bytes.len());
    assert_eq!(encode(&value, &mut again), Ok(bytes.len()));
    assert_eq!(again, bytes, "another encoding of the same value");
    Some(value)
}

/// The most memory that decoding may take: a small multiple of the bytes there are, and of what the limits allow.
fn most_memory(len: usize, limits: &Limits) -> u64 {
    let by_bytes = if len > limits.bytes { 0 } else { len * 96 };
    // A configuration: its place in a list that grows by doubling, and three sets.
    let config = 256 + 3 * (128 + 16 * limits.members);
    let by_limits = (limits.terms_and_configs + 1) * config;
    by_bytes.min(by_limits) as u64
}

fn assert_entries(entries: &LogEntries, limits: &Limits) {
    assert!(entries.len() as u64 <= limits.entries, "{entries}");
    // Walking over a million commands would take most of the time.
    if entries.len() <= 1_000 {
        let others = entries.iter().filter(|it| *it != LogEntry::Command);
        let others: Vec<_> = others.collect();
        assert!(others.len() <= limits.terms_and_configs, "{entries}");
        for entry in others {
            if let LogEntry::ClusterConfig(config) = entry {
                assert_members(&config, limits);
            }
        }
    }
}

fn assert_members(config: &ClusterConfig, limits: &Limits) {
    for set in [&config.voters, &config.new_voters, &config.non_voters] {
        assert!(set.len() <= limits.members, "{config}");
    }
}
