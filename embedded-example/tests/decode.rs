//! What has gone over the wires becomes a recording.

#[path = "../examples/decode.rs"]
#[expect(dead_code, reason = "its main function is not called here")]
mod decode;

use decode::Decoder;
use raftbare::NodeId;
use raftbare::replica::{Output, Replica};
use raftbare_embedded::link::frame::MAX_WIRE;
use raftbare_embedded::link::{Frame, Kind};
use raftbare_embedded::node::OPTIONS;

/// A call for votes of node 1 for node 2, as it goes over a wire.
fn frame(number: u16) -> Vec<u8> {
    let mut replica = Replica::<Vec<u8>>::start(NodeId::new(1), OPTIONS);
    replica.create_cluster(&[1, 2, 3].map(NodeId::new));
    let mut payload = Vec::new();
    while let Some(batch) = replica.next_batch() {
        for output in replica.persisted(batch) {
            if let Output::Send(to, envelope) = output
                && to == NodeId::new(2)
            {
                envelope.encode(&mut payload).expect("a vector has room");
            }
        }
    }
    let frame = Frame {
        to: 2,
        from: 1,
        hops_left: 3,
        kind: Kind::Raft,
        number,
        payload: heapless::Vec::from_slice(&payload).expect("it is short"),
    };
    let mut wire = [0; MAX_WIRE];
    let len = frame.encode(&mut wire);
    wire[..len].to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All that a decoder makes of these lines.
fn decoded(lines: &[String]) -> Vec<String> {
    let mut decoder = Decoder::default();
    let events = lines.iter().flat_map(|line| {
        let events = decoder.take(line);
        events.unwrap_or_else(|error| panic!("{line}: {error}"))
    });
    events.map(|event| event.to_string()).collect()
}

const MESSAGE: &str = r#""message":"1 t1 #1 RequestVoteCall last 0/1","node""#;

#[test]
fn a_frame_is_sent_once_and_arrives_once_whatever_way_it_takes() {
    let bytes = frame(7);
    let (one, rest) = bytes.split_at(9);
    let lines = [
        format!("10 wire 1 3 {}", hex(&bytes)), // by way of 3
        format!("20 wire 1 2 {}", hex(one)),    // and directly, in two pieces
        format!("30 wire 1 2 {}", hex(rest)),
        format!("40 wire 3 2 {}", hex(&bytes)),
    ];
    assert_eq!(
        decoded(&lines),
        [
            format!(r#"{{"at":10,"did":"send",{MESSAGE}:1,"to":2}}"#),
            format!(r#"{{"at":30,"did":"receive",{MESSAGE}:2}}"#),
        ]
    );
}

#[test]
fn what_is_lost_on_a_cut_wire_was_sent() {
    let lines = [format!("10 cut 1 2 {}", hex(&frame(7)))];
    let sent = format!(r#"{{"at":10,"did":"send",{MESSAGE}:1,"to":2}}"#);
    assert_eq!(decoded(&lines), [sent]);
}

#[test]
fn power_and_consoles_are_told() {
    let lines = [
        "1 power 2 on",
        "2 said 2 * \"leader\" of term 3",
        "3 power 2 off",
    ];
    assert_eq!(
        decoded(&lines.map(String::from)),
        [
            r#"{"at":1,"did":"start","node":2}"#,
            r#"{"at":2,"did":"note","node":2,"text":"* \"leader\" of term 3"}"#,
            r#"{"at":3,"did":"crash","node":2}"#,
        ]
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    for (line, error) in [
        ("x power 1 on", "`x` is no number"),
        ("1 jump 1 on", "there is no `jump`"),
        ("1 wire 1 2 0g", "`0g` is no row of hexadecimal bytes"),
        ("1 wire 1 300 00", "`300` is no number, or too large"),
        ("1 wire 1", "a word is missing"),
    ] {
        let told = Decoder::default().take(line).expect_err(line);
        assert!(told.contains(error), "{told}");
    }
}
