//! The binary form: what is written is read again, by one encoding alone, and nothing else is.

use raftbare::codec::{
    DecodeError, DecodeProblem, Limits, NoRoom, decode_config, decode_entries, decode_envelope,
    decode_hard_state, decode_message, encode_config, encode_entries, encode_envelope,
    encode_hard_state, encode_message,
};
use raftbare::{LogEntries, LogEntry, LogPosition, Message, NodeId, Term};
use raftbare_sim::notation::{parse_config, parse_entries, parse_message};
use raftbare_tests::generate::Generator;
use raftbare_tests::values::{append_call, append_reply, at, commands, vote, vote_call};

fn bytes_of(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    let len = encode_message(message, &mut bytes).expect("a vector has room");
    assert_eq!(len, bytes.len());
    bytes
}

fn decode(bytes: &[u8]) -> Result<Message, DecodeError> {
    decode_message(bytes, &Limits::default())
}

#[track_caller]
fn assert_problem<T: std::fmt::Debug>(
    result: Result<T, DecodeError>,
    offset: usize,
    problem: DecodeProblem,
) {
    assert_eq!(
        result.expect_err("it is no encoding"),
        DecodeError { offset, problem }
    );
}

/// Examples of every part, by hand. They never change: stored logs and other languages rely on them.
#[test]
fn golden_vectors() {
    let messages: [(&str, &[u8]); 11] = [
        (
            "1 t3 #7 RequestVoteCall last 2/300",
            &[0x20, 1, 3, 7, 0xac, 2, 1],
        ),
        ("2 t3 #7 RequestVoteReply refused", &[0x21, 2, 3, 7]),
        ("2 t3 #7 RequestVoteReply granted", &[0x22, 2, 3, 7]),
        (
            "1 t3 #7 AppendEntriesCall commit 15 prev 3/16[]",
            &[0x23, 1, 3, 7, 16, 0, 1, 0],
        ),
        (
            "1 t3 #7 AppendEntriesCall commit 20 prev 1/16[cmd]",
            &[0x23, 1, 3, 7, 16, 2, 8, 1, 2],
        ),
        (
            "1 t3 #7 AppendEntriesCall commit 0 prev 0/0[config({1,2}->{2}+{9}) term(1) cmd*200 term(3)]",
            &[
                0x23, 1, 3, 7, 0, 3, 0, 4, 1, 2, 1, 1, 1, 2, 1, 9, 0, 1, 0xc9, 1, 0, 2,
            ],
        ),
        (
            "2 t3 #0 AppendEntriesReply last 3/18",
            &[0x24, 2, 3, 0, 18, 0],
        ),
        // INVALID is a position like any other.
        (
            "2 t3 #0 AppendEntriesReply last invalid",
            &[0x24, 2, 3, 0, 0, 4],
        ),
        // The kinds of sequence numbers: 1 to 3 are written apart, all others belong to the number.
        (
            "1 t2 #1125899906842629 RequestVoteCall last 1/1",
            &[0x28, 1, 2, 5, 1, 1],
        ),
        (
            "1 t2 #3377699720527877 RequestVoteReply granted",
            &[0x3a, 1, 2, 5],
        ),
        (
            "1 t2 #18446744073709551615 RequestVoteReply granted",
            &[
                0x22, 1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
            ],
        ),
    ];
    for (text, bytes) in messages {
        let message = parse_message(text).expect("in the notation");
        assert_eq!(bytes_of(&message), bytes, "{text}");
        assert_eq!(decode(bytes), Ok(message), "{text}");
    }
    let mut bytes = Vec::new();
    encode_hard_state(Term::new(130), None, &mut bytes).expect("room");
    assert_eq!(bytes, [0x25, 0x82, 1, 0]);
    let mut bytes = Vec::new();
    encode_entries(
        &parse_entries("3/16[cmd*3 term(5)]").expect("entries"),
        &mut bytes,
    )
    .expect("room");
    assert_eq!(bytes, [0x2d, 16, 3, 2, 4, 0, 2]);
    let mut bytes = Vec::new();
    encode_config(
        &parse_config("{1,300}+{7}").expect("a configuration"),
        &mut bytes,
    )
    .expect("room");
    assert_eq!(bytes, [0x35, 2, 1, 0xab, 2, 0, 1, 7]);
}

#[test]
fn every_message_is_read_again() {
    let mut generator = Generator::new(1);
    for _ in 0..50_000 {
        let message = generator.message();
        let bytes = bytes_of(&message);
        assert_eq!(decode(&bytes).as_ref(), Ok(&message), "{message}");
        // No part of it is a message, and nothing may follow.
        let cut = generator.0.below(bytes.len() as u64) as usize;
        assert_problem(decode(&bytes[..cut]), cut, DecodeProblem::Truncated);
        let longer = [&bytes[..], &[0]].concat();
        assert_problem(decode(&longer), bytes.len(), DecodeProblem::Trailing);
        // A buffer that is too small is an error, and one of the very size is enough.
        let mut buffer = vec![0; bytes.len()];
        let small = encode_message(&message, &mut &mut buffer[..bytes.len() - 1]);
        assert_eq!(small, Err(NoRoom));
        assert_eq!(
            encode_message(&message, &mut buffer.as_mut_slice()),
            Ok(bytes.len())
        );
        assert_eq!(buffer, bytes);
    }
}

#[test]
fn every_stored_value_is_read_again() {
    let mut generator = Generator::new(2);
    let limits = Limits::default();
    for _ in 0..20_000 {
        let (mut state, mut list, mut members) = (Vec::new(), Vec::new(), Vec::new());
        let term = Term::new(generator.number());
        let vote = generator
            .0
            .chance(500)
            .then(|| NodeId::new(generator.number()));
        encode_hard_state(term, vote, &mut state).expect("room");
        assert_eq!(decode_hard_state(&state, &limits), Ok((term, vote)));
        let entries = generator.entries();
        encode_entries(&entries, &mut list).expect("room");
        assert_eq!(decode_entries(&list, &limits), Ok(entries));
        let config = generator.config();
        encode_config(&config, &mut members).expect("room");
        assert_eq!(decode_config(&members, &limits), Ok(config));
        // None of them is taken for another, or for a message.
        let tag = |bytes: &[u8]| DecodeProblem::Tag(bytes[0]);
        assert_problem(decode_entries(&state, &limits), 0, tag(&state));
        assert_problem(decode_config(&list, &limits), 0, tag(&list));
        assert_problem(decode_hard_state(&members, &limits), 0, tag(&members));
        assert_problem(decode(&state), 0, tag(&state));
    }
}

/// Whatever is read is written in the same bytes: there is one encoding of a value, and no panic.
#[test]
fn any_bytes_are_refused_or_canonical() {
    let mut generator = Generator::new(3);
    let limits = Limits::default();
    let mut read = 0;
    for _ in 0..300_000 {
        // Encodings with some bytes changed get further than noise.
        let mut bytes = bytes_of(&generator.message());
        for _ in 0..generator.0.below(4) {
            let at = generator.0.below(bytes.len() as u64) as usize;
            bytes[at] = generator.0.next_u64() as u8;
        }
        if generator.0.chance(100) {
            bytes = (0..generator.0.below(40))
                .map(|_| generator.0.next_u64() as u8)
                .collect();
        }
        if let Ok(message) = decode(&bytes) {
            assert_eq!(bytes_of(&message), bytes, "{message}");
            read += 1;
        }
        if let Some(tag) = bytes.first_mut() {
            *tag = 0x25 | (*tag & 0x18);
        }
        let mut again = Vec::new();
        if let Ok((term, vote)) = decode_hard_state(&bytes, &limits) {
            encode_hard_state(term, vote, &mut again).expect("room");
            assert_eq!(again, bytes);
        } else if let Ok(entries) = decode_entries(&bytes, &limits) {
            encode_entries(&entries, &mut again).expect("room");
            assert_eq!(again, bytes);
        } else if let Ok(config) = decode_config(&bytes, &limits) {
            encode_config(&config, &mut again).expect("room");
            assert_eq!(again, bytes);
        }
    }
    assert!(
        read > 50_000,
        "only {read} were read: the changes are too rough to test anything"
    );
}

#[test]
fn what_is_not_canonical_is_refused_where_it_stands() {
    use DecodeProblem::{IndexTooLarge, NotCanonical, Tag, TooLong, Truncated, Version};
    let cases: [(&[u8], usize, DecodeProblem); 14] = [
        (&[], 0, Truncated),
        (&[0x02, 1, 1, 1], 0, Version(0)),
        (&[0x42, 1, 1, 1], 0, Version(2)),
        (&[0x26, 1, 1, 1], 0, Tag(0x26)),
        (&[0x27, 1, 1, 1], 0, Tag(0x27)),
        // An overlong zero, a number above 2^64, one of eleven bytes.
        (&[0x22, 0x80, 0, 1, 1], 3, NotCanonical),
        (
            &[
                0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,
            ],
            11,
            NotCanonical,
        ),
        (
            &[
                0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0,
            ],
            11,
            NotCanonical,
        ),
        // Kind 1 in the number and not in the tag, and a counter of more than 50 bits beside a kind.
        (
            &[0x22, 1, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2],
            11,
            NotCanonical,
        ),
        (
            &[0x2a, 1, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2],
            11,
            NotCanonical,
        ),
        // Two runs of commands side by side.
        (&[0x23, 1, 3, 7, 16, 0, 1, 2, 2, 2], 10, NotCanonical),
        // An unsorted set.
        (
            &[0x23, 1, 3, 7, 16, 0, 1, 1, 1, 2, 5, 0, 0, 0],
            12,
            NotCanonical,
        ),
        // Commands beyond the largest index, and more than the limit.
        (
            &[
                0x23, 1, 3, 7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 1, 1, 2,
            ],
            18,
            IndexTooLarge,
        ),
        (&[0x23, 1, 3, 7, 16, 0, 1, 1, 0x82, 0x80, 0x40], 11, TooLong),
    ];
    for (bytes, offset, problem) in cases {
        assert_problem(decode(bytes), offset, problem);
    }
}

#[test]
fn limits_are_kept_before_memory_is_taken() {
    let entries = |text: &str| parse_entries(text).expect("in the notation");
    let decoded = |entries: &LogEntries, limits: &Limits| {
        let mut bytes = Vec::new();
        encode_entries(entries, &mut bytes).expect("room");
        let measured = allocation_counter::measure(|| drop(decode_entries(&bytes, limits)));
        (
            decode_entries(&bytes, limits).map_err(|error| error.problem),
            measured.bytes_max,
        )
    };
    let list = entries("0/0[term(1) cmd*9 config({1,2,3}) term(2)]");
    let mut bytes = Vec::new();
    let len = encode_entries(&list, &mut bytes).expect("room");
    let exact = Limits {
        bytes: len,
        entries: 12,
        terms_and_configs: 3,
        members: 3,
    };
    assert_eq!(decoded(&list, &exact).0, Ok(list.clone()));
    for limits in [
        Limits {
            bytes: len - 1,
            ..exact
        },
        Limits {
            entries: 11,
            ..exact
        },
        Limits {
            terms_and_configs: 2,
            ..exact
        },
        Limits {
            members: 2,
            ..exact
        },
    ] {
        assert_eq!(
            decoded(&list, &limits).0,
            Err(DecodeProblem::TooLong),
            "{limits:?}"
        );
    }
    // A million terms in two megabytes are refused after the first few.
    let many = LogEntries::from_iter(
        LogPosition::ZERO,
        (1..=1_000_000).map(|term| LogEntry::Term(Term::new(term))),
    );
    let small = Limits {
        bytes: 1 << 22,
        terms_and_configs: 100,
        ..Limits::default()
    };
    let (refused, most) = decoded(&many, &small);
    assert_eq!(refused, Err(DecodeProblem::TooLong));
    assert!(most <= 4_096, "{most} bytes");
}

/// The sizes that links of microcontrollers count on: ids below 128, terms below 2^14, indexes and numbers
/// below 2^28.
#[test]
fn steady_messages_are_small() {
    let (term, number) = ((1 << 14) - 1, (1 << 28) - 1);
    let last = at(term, number - 100);
    let entries = LogEntries::from_iter(last, std::iter::repeat_n(LogEntry::Command, 100));
    for commit in [number - 200, number - 100] {
        let call = append_call(127, term, number, commit, entries.clone());
        assert!(bytes_of(&call).len() <= 18, "{}", bytes_of(&call).len());
    }
    assert!(bytes_of(&append_reply(127, term, number, at(term, number))).len() <= 13);
    assert!(bytes_of(&vote_call(127, term, number, at(term - 1, number))).len() <= 13);
    assert!(bytes_of(&vote(127, term, number)).len() <= 8);
}

#[test]
fn encoding_allocates_nothing() {
    let mut generator = Generator::new(4);
    let mut buffer = [0; 4_096];
    for _ in 0..1_000 {
        let message = generator.message();
        let measured = allocation_counter::measure(|| {
            encode_message(&message, &mut buffer.as_mut_slice()).expect("it fits");
        });
        assert_eq!(measured.count_total, 0, "{message}");
    }
}

#[test]
fn an_envelope_gives_back_its_payloads_however_long_they_are() {
    let message = append_call(1, 2, 3, 0, commands(at(2, 5), 3));
    let long = vec![7; 4 * Limits::default().bytes];
    let payloads = [&b"a"[..], &long, b""];
    let mut bytes = Vec::new();
    let len = encode_envelope(&message, payloads, &mut bytes).expect("a vector has room");
    assert_eq!(len, bytes.len());
    let limits = Limits {
        bytes: bytes.len(),
        ..Limits::default()
    };
    let (read, found) = decode_envelope(&bytes, &limits).expect("an envelope");
    assert_eq!(read, message);
    assert!(found.eq(payloads));
}
